"""House rules that a machine can hold: sizes of modules, docstrings, borders between rooms.

Not here: style (ruff) and types (mypy).
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from vsf_assets.devtools.feed_skeleton import GUIDE
from vsf_assets.devtools.import_order import PLANNED, ROOMS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted((ROOT / "vsf_assets").rglob("*.py"))
TESTS = sorted((ROOT / "vsf_assets_tests").rglob("*.py"))
MODELS = sorted(p for p in (ROOT / "dbt_project").rglob("*.sql") if "target" not in p.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_modules_stay_small() -> None:
    limits = [(path, 400) for path in (*PACKAGE, *TESTS)]
    limits += [(path, 120 if "macros" in path.parts else 80) for path in MODELS]
    assert [name_of(p) for p, most in limits if len(p.read_text().splitlines()) > most] == []


def test_functions_stay_small() -> None:
    long = []
    for path in PACKAGE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None and node.end_lineno - node.lineno > 55:
                long.append(f"{name_of(path)}:{node.name}")
    assert long == []


def test_every_module_opens_with_what_belongs_in_it() -> None:
    assert [name_of(p) for p in (*PACKAGE, *TESTS) if not ast.get_docstring(ast.parse(p.read_text()))] == []


def may_describe(yml: Path, model: Path) -> bool:
    """Whether a file may describe a model: beside it, or for a whole family, `marts/<family>/_<family>.yml`."""
    family = yml.parent.name
    is_of_family = model.parent.name == family or model.stem.startswith(f"findings__{family}")
    return yml == model.with_suffix(".yml") or (yml.stem == f"_{family}" and is_of_family)


def test_every_model_is_described_beside_it_or_with_its_family() -> None:
    models = {path.stem: path for path in MODELS if "models" in path.parts}
    described = [
        (model["name"], path)
        for path in sorted((ROOT / "dbt_project" / "models").rglob("*.yml"))
        for model in (yaml.safe_load(path.read_text()) or {}).get("models") or ()
    ]
    assert sorted(name for name, _ in described) == sorted(models)
    assert [name for name, path in described if not may_describe(path, models[name])] == []


def test_no_mark_of_a_skeleton_is_left() -> None:
    files = [*PACKAGE, *TESTS, *MODELS, *(ROOT / "dbt_project" / "models").rglob("*.yml"), *ROOT.glob("docs/**/*.md")]
    assert [name_of(p) for p in files if re.search(r"(?:#|--) TODO:", p.read_text()) and p != ROOT / GUIDE] == []


def test_files_of_the_package_that_are_no_modules_are_installed_with_it() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    installed = {p for package, globs in declared.items() for glob in globs for p in (ROOT / package).glob(glob)}
    others = [p for p in (ROOT / "vsf_assets").rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert others != []
    assert [name_of(p) for p in others if p not in installed] == []


FOLDERS_WITHOUT_DJANGO = [
    room for room in ROOMS if (ROOT / "vsf_assets" / room).is_dir() and room not in ("portal", "cli")
]
"""Rooms whose commands start without Django; cli/portal.py imports it inside of its functions, which a test checks."""


@pytest.mark.parametrize(
    ("rooms", "may_not_import"),
    [
        (["contracts"], ["duckdb", "dbt"]),
        (["feeds"], ["duckdb", "dbt", "polars", "pandera"]),
        ([room for room in ROOMS[: ROOMS.index("resources")] if room not in PLANNED], ["dagster"]),
        (FOLDERS_WITHOUT_DJANGO, ["django", "allauth", "ninja"]),
    ],
)
def test_rooms_keep_their_borders(rooms: list[str], may_not_import: list[str]) -> None:
    crossing = []
    assert all((ROOT / "vsf_assets" / room).is_dir() for room in rooms)
    for path in (p for room in rooms for p in (ROOT / "vsf_assets" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            crossing += [f"{name_of(path)}: {m}" for m in modules if m.split(".")[0] in may_not_import]
    assert crossing == []


def test_no_file_names_a_registry_a_home_folder_or_a_person_s_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"https?://[^ \"]*(pythonhosted|npmjs)|/home/\w+/|/Users/\w+/")
    texts = ((n, ROOT / n) for n in listed if not n.endswith((".png", ".webp")))
    assert [n for n, path in texts if path.is_file() and pattern.search(path.read_text(errors="replace"))] == []


def test_the_whole_package_imports_in_a_clean_process(tmp_path: Path) -> None:
    modules = ["vsf_assets." + ".".join(p.relative_to(ROOT / "vsf_assets").with_suffix("").parts) for p in PACKAGE]
    names = [m.removesuffix(".__init__") for m in modules]
    # The tables of Django's apps can be declared once Django has its settings.
    code = (
        "import importlib\nfrom vsf_assets.config.settings import read_settings\n"
        f"from vsf_assets.portal.config import set_up\nset_up(read_settings({{'VSF_HOME': {str(tmp_path)!r}}}))\n"
        f"for name in {names!r}:\n    importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
