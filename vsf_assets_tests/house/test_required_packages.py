"""Every package that pyproject.toml requires has a use in the platform's own code.

Not here: whether a package that is imported is required (make lint).
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "dbt-core": "dbt.cli",
    "django-allauth": "allauth",
    "django-ninja": "ninja",
    "dagster-aws": "dagster_aws.s3",
    "python-dotenv": "dotenv",
    "pyyaml": "yaml",
    "sqlalchemy": "sqlalchemy",
}
"""Package -> what is imported of it, where that is not its own name."""

USED_OTHERWISE = {
    "argon2-cffi": ("vsf_assets/portal/accounts/password_hasher.py", r"\(Argon2PasswordHasher\)"),
    "dbt-duckdb": ("dbt_project/profiles.yml", r"type: duckdb"),
    "django-csp": ("vsf_assets/portal/config.py", r'"csp\.middleware\.'),
    "duckdb-extension-ducklake": ("vsf_assets/warehouse/forms/lake_index.py", r'EXTENSION = "ducklake"'),
    "duckdb-extension-httpfs": ("vsf_assets/storage/httpfs.py", r'EXTENSION = "httpfs"'),
}
"""Package -> the file and the text that use it without an import: a program, an adapter, a file."""


def required() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"[\[<>=!~ ;]", line)[0] for line in project["dependencies"]]


def imported_names() -> Iterator[str]:
    for path in (ROOT / "vsf_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module


def test_every_required_package_is_imported_or_used_by_name() -> None:
    imported = {".".join(name.split(".")[:depth]) for name in imported_names() for depth in (1, 2)}
    idle = []
    for package in required():
        if package in USED_OTHERWISE:
            file, text = USED_OTHERWISE[package]
            used = re.search(text, (ROOT / file).read_text()) is not None
        else:
            used = MODULES.get(package, package.replace("-", "_")) in imported
        idle += [] if used else [package]
    assert idle == []


def test_the_lists_here_name_required_packages_alone() -> None:
    assert set(USED_OTHERWISE) <= set(required())
    assert {"dagster-aws", "dagster-duckdb", "dagster-dbt"} <= set(required())


def test_the_resources_of_dagster_s_libraries_are_what_steps_get() -> None:
    from dagster_duckdb import DuckDBResource

    from vsf_assets.definitions import defs

    resources = defs().resources or {}
    assert isinstance(resources["warehouse"], DuckDBResource)
    requested = [
        path.name
        for path in sorted((ROOT / "vsf_assets" / "defs").glob("*.py"))
        if re.search(r"warehouse\.get_connection\(", path.read_text())
    ]
    assert requested == ["ingest_events.py", "landing_sensors.py", "recovery_sensors.py"]
