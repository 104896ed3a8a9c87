"""Private parts of libraries and tricks with the interpreter stand in one file per library, checked with one version.

Here: that nothing else uses them, and that whoever installs another version looks at them again. Not here: Dagster
(its own file and test), and what each of them does (tests of the rooms).
"""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from vsf_assets.common import interpreter_tricks
from vsf_assets.storage import boto_private
from vsf_assets.transform import dbt_private
from vsf_assets.warehouse import duckdb_private

ROOT = Path(__file__).resolve().parents[2]
PRIVATE: dict[str, ModuleType] = {
    "vsf_assets/common/interpreter_tricks.py": interpreter_tricks,
    "vsf_assets/storage/boto_private.py": boto_private,
    "vsf_assets/transform/dbt_private.py": dbt_private,
    "vsf_assets/warehouse/duckdb_private.py": duckdb_private,
}
"""File that may use what is private -> the module."""

DOCUMENTED = {"_asdict", "_fields", "_make", "_replace", "_exit"}
"""Documented, although they begin with an underscore."""

DOCUMENTED_OF_DBT = ("dbt.cli.main", "dbt.adapters.duckdb.plugins")
"""Interfaces for programs: running dbt, and writing plugins of dbt-duckdb."""


def uses(tree: ast.AST) -> Iterator[str]:
    """Yield what a module uses of the interpreter's machinery or of a library's private parts."""
    for node in ast.walk(tree):
        yield from _imported(node)
        yield from _accessed(node)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"import {alias.name}" for alias in node.names if _is_private(alias.name))
        yield from ("import sys as" for alias in node.names if alias.name == "sys" and alias.asname)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        module = node.module or ""
        yield from (f"import {module}.{alias.name}" for alias in node.names if _is_private(module, alias.name))


def _accessed(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        of = node.value.id if isinstance(node.value, ast.Name) else ""
        if of == "gc" or (of, node.attr) == ("sys", "modules"):
            yield f"{of}.{node.attr}"
        elif _is_hidden(node.attr) and ast.unparse(node.value) not in ("self", "cls", "super()"):
            yield f".{node.attr}"
    elif isinstance(node, ast.FunctionDef) and node.name == "__arrow_c_stream__":
        yield f"def {node.name}"
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "setattr", "hasattr", "delattr")
    ):
        words = [arg.value for arg in node.args[1:2] if isinstance(arg, ast.Constant)]
        yield from (f".{word}" for word in words if isinstance(word, str) and _is_hidden(word))


def _is_hidden(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def _is_private(module: str, name: str = "") -> bool:
    """Whether an import is of the collector, the modules, dbt's inside, or a module or name with an underscore."""
    first, *others = module.split(".")
    if (module, name) == ("sys", "modules"):
        return True
    if first.startswith("dagster"):
        return False
    if first in ("dbt", "dbt_common"):
        return module not in DOCUMENTED_OF_DBT
    return first == "gc" or any(map(_is_hidden, (*others, name)))


def found_in(*roots: str) -> dict[str, list[str]]:
    paths = [path for root in roots for path in sorted((ROOT / root).rglob("*.py"))]
    by_path = {
        p.relative_to(ROOT).as_posix(): sorted(set(uses(ast.parse(p.read_text(encoding="utf-8"))))) for p in paths
    }
    return {path: used for path, used in by_path.items() if used}


def test_each_stands_in_the_file_of_its_library() -> None:
    assert sorted(found_in("vsf_assets")) == sorted(PRIVATE)


def test_tests_and_benchmarks_use_no_inside_of_dbt() -> None:
    used = found_in("vsf_assets_tests", "benchmarks")
    assert [f"{path}: {use}" for path, of in used.items() for use in of if use.startswith("import dbt")] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import gc\ngc.freeze()", ["gc.freeze", "import gc"]),
        ("import sys\ndel sys.modules['x']", ["sys.modules"]),
        (
            "def f():\n    from dbt.contracts.graph.manifest import Manifest",
            ["import dbt.contracts.graph.manifest.Manifest"],
        ),
        ("from dbt import version", ["import dbt.version"]),
        ("from dbt_common.events import functions", ["import dbt_common.events.functions"]),
        ("from sys import argv, modules", ["import sys.modules"]),
        ("import sys as s\ns.modules", ["import sys as"]),
        ("from gc import freeze", ["import gc.freeze"]),
        ("body._raw_stream = 1", ["._raw_stream"]),
        ("hasattr(body, '_raw_stream')", ["._raw_stream"]),
        ("from polars._utils import x", ["import polars._utils.x"]),
        ("import pandera.backends._x", ["import pandera.backends._x"]),
        ("class Slot:\n    def __arrow_c_stream__(self, schema=None): ...", ["def __arrow_c_stream__"]),
        ("from dbt.cli.main import dbtRunner\nself._x\nsuper()._x\nrow._replace(a=1)\nx.__dict__", []),
    ],
)
def test_what_is_found(code: str, found: list[str]) -> None:
    assert sorted(set(uses(ast.parse(code)))) == found


@pytest.mark.parametrize("path", sorted(PRIVATE))
def test_each_was_checked_with_what_is_installed(path: str) -> None:
    module = PRIVATE[path]
    for name, checked in module.CHECKED.items():
        now = f"{sys.version_info[0]}.{sys.version_info[1]}" if name == "python" else version(name)
        assert now in checked, (
            f"{path} was checked with {name} {' or '.join(checked)}, and this is {now}."
            f" Check again {module.RECHECK}; then write the version into CHECKED"
        )
