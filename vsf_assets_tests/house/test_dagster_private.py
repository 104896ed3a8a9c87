"""Private parts of Dagster stand in one file, checked with one version.

Not here: those of other libraries, and what each use does (dagster/).
"""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from vsf_assets.resources import dagster_private

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = r"dagster(?:_\w+)?"
IN_TESTS = {
    "dagster/test_backfills.py": {"dagster._core", "dagster._daemon"},  # a backfill as the UI starts it
    "dagster/test_event_log_storage.py": {"dagster._core"},  # a materialization as a run logs it
    "docs/test_kubernetes_files.py": {"dagster._cli", "dagster._config", "dagster._core"},  # schemas
    "dagster_ui.py": {"dagster._cli", "dagster._core", "dagster._daemon"},  # buttons and commands, pressed here
    "forks.py": {"dagster._daemon"},  # imported ahead of forks
}
"""Module of the tests -> the packages of private parts that it uses, and why."""

PRIVATE = re.compile(rf"\b{LIBRARY}(?:\.\w+)*\._(?!_)\w+")


def uses(code: str) -> Iterator[str]:
    """Yield the private parts of Dagster that code names: in imports, by attributes of what it imports, in strings."""
    if "dagster" not in code:
        return
    tree = ast.parse(code)
    names = dict(_names_of_the_library(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from PRIVATE.findall("\n".join(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from PRIVATE.findall("\n".join(alias.name for alias in node.names))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from PRIVATE.findall(node.value)
        elif isinstance(node, ast.Attribute) and _first_name(node) in names:
            first, _, rest = ast.unparse(node).partition(".")
            yield from PRIVATE.findall(f"{names[first]}.{rest}")


def _first_name(node: ast.expr) -> str:
    """Return the name before the first dot; empty where an attribute is of something that is no name."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names_of_the_library(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (name in the module, dotted name) of what is imported from Dagster."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.asname or a.name.partition(".")[0], a.name) for a in node.names if _is_of_it(a.name))
        elif isinstance(node, ast.ImportFrom) and _is_of_it(node.module or ""):
            yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _is_of_it(module: str) -> bool:
    return re.fullmatch(rf"{LIBRARY}(\.\w+)*", module) is not None


def using(folder: str) -> dict[str, set[str]]:
    """Return the modules below a folder that use private parts, with these."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    used = {p.relative_to(ROOT / folder).as_posix(): set(uses(p.read_text(encoding="utf-8"))) for p in paths}
    return {name: parts for name, parts in used.items() if parts}


def test_they_stand_in_the_file_of_the_library() -> None:
    assert list(using("vsf_assets")) == ["resources/dagster_private.py"]


def test_tests_use_only_those_that_are_named_here() -> None:
    """Parts of a deployment that Dagster gives no public way to; an upgrade that moves one fails the test itself."""
    assert using("benchmarks") == {}
    used = using("vsf_assets_tests")
    del used["house/test_dagster_private.py"]  # examples of what is found
    assert used == IN_TESTS


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from dagster._core.x import Y", ["dagster._core"]),
        ("from dagster import _check", ["dagster._check"]),
        ("def f():\n    from dagster_dbt.core import _run as run", ["dagster_dbt.core._run"]),
        ("import dagster._utils", ["dagster._utils"]),
        ("import dagster as dg\ndg._core.storage", ["dagster._core"]),
        ("from dagster import storage as s\ns._event_log", ["dagster.storage._event_log"]),
        ("import_module('dagster._core')", ["dagster._core"]),
        ("import dagster as dg\nfrom vsf_assets.resources.dagster_private import x\ndg.AssetKey\nself._dagster", []),
    ],
)
def test_what_is_found(code: str, found: list[str]) -> None:
    assert list(dict.fromkeys(uses(code))) == found


def test_they_were_checked_with_what_is_installed() -> None:
    for package, checked in dagster_private.CHECKED.items():
        now = version(package)
        assert now in checked, (
            f"dagster_private.py was checked with {package} {' or '.join(checked)}, and this is {now}."
            f" Check again {dagster_private.RECHECK}; then write the version into CHECKED"
        )
