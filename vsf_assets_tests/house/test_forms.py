"""Nothing outside warehouse/forms/ asks which form the warehouse of a home has.

Here: who imports the modules of that package, and texts that only a form may hold. Not here: the interface itself
(engine/test_connection.py, engine/test_rebuild.py, engine/test_snapshots.py).
"""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

from vsf_assets.devtools.import_order import PACKAGE, imports, modules
from vsf_assets.warehouse.forms.form import Form

ROOT = Path(__file__).resolve().parents[2] / PACKAGE
FORMS = "warehouse.forms"
OPEN = {f"{FORMS}.form", f"{FORMS}.store_session", f"{FORMS}.run_notes", f"{FORMS}.published"}
"""Modules of the package that others may import: what all forms have in common, and reading what any of them
published."""

CHOOSING = {(f"{FORMS}.choose", "warehouse.connection")}
"""(module of the package, module outside) that chooses the form for everybody else."""

KNOWING = (FORMS, "warehouse.shared")
"""Packages that may hold a text of a form; the second one guards the catalog of a form, which alone uses it."""

TEXTS = ("warehouse.duckdb", "ducklake", "DuckdbFile")


def implementations() -> set[str]:
    """Return the modules that hold a form."""
    found = set()
    for name in modules(ROOT):
        if name.startswith(f"{FORMS}."):
            module = import_module(f"{PACKAGE}.{name}")
            classes = [
                one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == module.__name__
            ]
            found |= {name for one in classes if issubclass(one, Form) and one is not Form}
    return found


def test_only_the_package_imports_a_form_or_chooses_one() -> None:
    assert implementations(), "no form was found; the test looks at the wrong place"
    from_outside = {
        (target, module)
        for module, target in imports(ROOT)
        if target.startswith(f"{FORMS}.") and not module.startswith(FORMS) and target not in OPEN
    }
    assert from_outside == CHOOSING


def texts_of_a_form(source: str) -> list[str]:
    """Return the texts of `TEXTS` in names and strings of a module; docstrings may say them."""
    tree = ast.parse(source)
    documented = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    said = [
        str(node.value) if isinstance(node, ast.Constant) else node.id
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented)
        or isinstance(node, ast.Name)
    ]
    return [text for text in TEXTS if any(text in words for words in said)]


def test_no_module_outside_names_a_form() -> None:
    named = {
        name: texts_of_a_form(path.read_text(encoding="utf-8"))
        for name, path in modules(ROOT).items()
        if not name.startswith(KNOWING)
    }
    assert {name: texts for name, texts in named.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('FILE = home / "warehouse" / "warehouse.duckdb"\n', ["warehouse.duckdb"]),
        ('"""Not the file warehouse.duckdb."""\n', []),
        ("def f(form):\n    return isinstance(form, DuckdbFile)\n", ["DuckdbFile"]),
        ("def f(c):\n    c.execute(f\"attach 'ducklake:{c}'\")\n", ["ducklake"]),
    ],
)
def test_what_counts_as_naming_a_form(source: str, found: list[str]) -> None:
    assert texts_of_a_form(source) == found
