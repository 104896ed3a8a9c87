"""Facts of the machine, of the versions and of the commit, so that figures can be placed.

Here: what is read from the system and from Git. Not here: measuring.
"""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measured_page import PAGE

PACKAGES = ("duckdb", "polars", "pandas", "numpy", "pyarrow", "dagster", "dbt-core", "dbt-duckdb", "pandera")


def facts() -> list[tuple[str, str]]:
    """Return name and value of each fact."""
    return [
        ("processor", f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"),
        ("memory", _memory()),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
    ]


def load() -> str:
    """Return the load of the machine over the last 1, 5 and 15 minutes."""
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


def commit() -> str:
    """Return the commit that is measured, and whether files differ from it; the page of the figures does not count."""
    folder = PAGE.parent.parent
    try:
        named = _git(folder, "rev-parse", "--short=8", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--", ".", f":!{PAGE.relative_to(folder)}")
    except (OSError, subprocess.CalledProcessError):  # a package, or no Git
        return "an unknown commit"
    return f"commit {named}{' with changes' if changed else ''}"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _field(path: str, name: str) -> str:
    file = Path(path)
    lines = file.read_text().splitlines() if file.exists() else []
    found = (line.split(":", 1)[1].strip() for line in lines if line.startswith(name))
    return next(found, "unknown")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.1f} GiB"
    except (ValueError, OSError):
        return "unknown"
