"""The engine rooms know no family: families plug in through `Feed`.

Here: what the syntax trees of the rooms name. In the engine rooms neither an import of a family's module nor a string
that is the name of a feed, a family or a table of one, docstrings apart. In the other rooms these stand only in files
and folders called after the family. Not here: the order of the rooms (test_rooms.py).
"""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from vsf_assets.devtools.import_order import PACKAGE, ROOMS
from vsf_assets.feeds import all_feeds, by_family

ROOT = Path(__file__).resolve().parents[2] / PACKAGE
ENGINE = ("common", "storage", "warehouse", "landing", "archive", "readers", "ingest", "publish", "transform")
FREE = ("portal", "demo", "cli")
FAMILIES = sorted(path.stem for path in Path(by_family.__path__[0]).glob("*.py") if path.stem != "__init__")
_IMPORT = re.compile(r"^vsf_assets\.(?:feeds|contracts)\.by_family\.(\w+)")


def family_by_name() -> dict[str, str]:
    """Return the module of a family by every name that is its own: of its feeds, families and raw tables."""
    found = {module: module for module in FAMILIES}
    for module in FAMILIES:
        for feed in importlib.import_module(f"{by_family.__name__}.{module}").FEEDS:
            found |= dict.fromkeys((feed.name, feed.family, feed.models, *feed.tables), module)
    return found


def mentions(code: str, families: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what, module of the family) of each name of a family and each import of one."""
    tree = ast.parse(code)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    tables = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in families if name.startswith("raw.")))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names = {node.value} & set(families) | set(tables.findall(node.value))
            yield from ((node.lineno, name, families[name]) for name in sorted(names))
        for name in _imported(node):
            match = _IMPORT.match(name)
            if match and match.group(1) in families:
                yield node.lineno, name, match.group(1)


def _imported(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def is_called_after(path: Path, family: str) -> bool:
    """Whether a file or a folder on its path has the family's name, or one of it, as a word of its own."""
    words = {word for part in path.with_suffix("").parts for word in part.split("_")}
    return not words.isdisjoint({family, family.removesuffix("s")})


def found_in(rooms: Iterable[str], is_allowed_after_family: bool) -> list[str]:
    families = family_by_name()
    lines = []
    for path in (p for room in rooms for p in sorted((ROOT / room).rglob("*.py"))):
        place = path.relative_to(ROOT)
        for line, what, family in mentions(path.read_text(encoding="utf-8"), families):
            if not (is_allowed_after_family and is_called_after(place, family)):
                lines.append(f"{place}:{line} names {what} of {family}")
    return lines


def test_names_are_read_from_the_declarations_and_the_engine_rooms_are_rooms() -> None:
    assert {"events", "mobile_states", "mobile", "raw.songs", *FAMILIES, *all_feeds()} <= set(family_by_name())
    assert set(ENGINE) | set(FREE) <= set(ROOMS)


def test_the_engine_rooms_name_no_family() -> None:
    assert found_in(ENGINE, is_allowed_after_family=False) == []


def test_other_rooms_name_a_family_only_in_files_called_after_it() -> None:
    others = [room for room in ROOMS if room not in (*ENGINE, *FREE, "devtools", "definitions")]
    assert found_in(others, is_allowed_after_family=True) == []


def test_the_tools_and_the_definitions_name_families_only_as_rooms() -> None:
    """Some rooms are called after their family, and devtools/import_order.py lists the rooms."""
    families = family_by_name()
    lines = found_in(["devtools"], is_allowed_after_family=True)
    definitions = (ROOT / "definitions.py").read_text(encoding="utf-8")
    lines += [f"definitions.py names {what}" for _, what, _ in mentions(definitions, families)]
    rooms = [f"devtools/import_order.py names {what} of {what}" for what in ROOMS if what in families]
    assert [re.sub(r":\d+", "", line) for line in lines] == rooms


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('NAME = "clicks"', ["clicks"]),
        ('def f():\n    """Of clicks."""\n    return feed == "mobile_states"', ["mobile_states"]),
        ('SQL = "select * from raw.songs join raw.files"', ["raw.songs"]),
        ('SQL = f"select {column} from raw.events where true"', ["raw.events"]),
        ("def f():\n    from vsf_assets.feeds.by_family.catalog import A", ["vsf_assets.feeds.by_family.catalog.A"]),
        ("from vsf_assets.contracts.by_family import mobile", ["vsf_assets.contracts.by_family.mobile"]),
        ("import vsf_assets.feeds.by_family.mobile", ["vsf_assets.feeds.by_family.mobile"]),
        ('"""clicks"""\nfrom vsf_assets.feeds import by_family\nTEXT = "the clicks of today; raw.findings"', []),
    ],
)
def test_a_name_is_found_where_it_stands(code: str, found: list[str]) -> None:
    assert [what for _, what, _ in mentions(code, family_by_name())] == found


def test_a_file_is_called_after_a_family_by_a_word_of_its_path() -> None:
    assert is_called_after(Path("catalog/clients/http.py"), "catalog")
    assert is_called_after(Path("defs/dataset_reports.py"), "datasets")
    assert is_called_after(Path("pipeline/synthetic_queue.py"), "synthetic")
    assert not is_called_after(Path("landing/catalogue.py"), "catalog")
    assert not is_called_after(Path("catalog/scan.py"), "datasets")
