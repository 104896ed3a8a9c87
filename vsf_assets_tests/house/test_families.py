"""The engine rooms know no family: families plug in through `Feed`.

Here: what the syntax trees of the rooms name, docstrings apart. In the engine rooms no import of a family's module or
room, and no identifier or string (SQL, paths, parts of f-strings) that has the name of a feed, a family or a table as a
word. In the other rooms a string that is such a name stands only in files and folders called after the family.
Not here: the order of the rooms (test_rooms.py).
"""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.config.variables import VARIABLES
from vsf_assets.devtools.import_order import PACKAGE, ROOMS
from vsf_assets.feeds import all_feeds, by_family

ROOT = Path(__file__).resolve().parents[2] / PACKAGE
ENGINE = ("common", "storage", "warehouse", "landing", "archive", "readers", "ingest", "publish", "transform")
FREE = ("portal", "demo", "cli")
FAMILIES = sorted(path.stem for path in Path(by_family.__path__[0]).glob("*.py") if path.stem != "__init__")
_IMPORT = re.compile(r"^vsf_assets\.(?:feeds|contracts)\.by_family\.(\w+)")


PLAIN_ENGLISH = {"line", "lines", "limit", "limits"}
"""Names of feeds that every reader of files and every query needs as words; as whole strings they are names."""

OF_LIBRARIES = {"pyarrow.dataset", "table_catalog"}
"""A module of pyarrow, and a column of SQL's information schema."""


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


def words_of_families() -> dict[str, str]:
    """Return the module of a family by each word that is its own, in the singular and as declared."""
    names = {name: family for name, family in family_by_name().items() if not name.startswith("raw.")}
    singular = {name.removesuffix("s"): family for name, family in names.items()}
    return {word: family for word, family in (singular | names).items() if word not in PLAIN_ENGLISH}


def tables_of_families() -> dict[str, str]:
    """Return the module of a family by its raw tables, and by the models in dbt's folders called after it."""
    names = family_by_name()
    tables = {name: family for name, family in names.items() if name.startswith("raw.")}
    models = PROJECT_ROOT / "dbt_project" / "models"
    for path in models.rglob("*.sql"):
        owners = [names[part] for part in path.parent.relative_to(models).parts if part in names]
        tables |= dict.fromkeys([path.stem], owners[0]) if owners else {}
    return tables


def engine_mentions(code: str, words: dict[str, str], tables: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Yield (line, identifier or part of a string) of each that has a word, a table or the room of a family in it."""
    tree = ast.parse(code)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    variables = {variable.name for variable in VARIABLES}
    for node in ast.walk(tree):
        names = _identifiers(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names = [name for name in re.findall(r"\w+(?:\.\w+)*", node.value) if name not in variables | OF_LIBRARIES]
        for name in names:
            if name in tables or any(part in tables or has_word(part, words) for part in name.split(".")):
                yield getattr(node, "lineno", 0), name


def has_word(name: str, words: Iterable[str]) -> bool:
    """Whether an identifier has one of the words, which may be of several parts, as parts of its own."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().split("_")
    plain = f"_{'_'.join(filter(None, parts))}_"
    return any(f"_{word}_" in plain for word in words)


def _identifiers(node: ast.AST) -> list[str]:
    """Return the names that a node defines or uses; of imports, those within the package and new names."""
    for kind, field in _NAMING.items():
        if isinstance(node, kind):
            return [value for value in [getattr(node, field)] if value]
    within = [name for name in _imported(node) if name.startswith(f"{PACKAGE}.")]
    aliases = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return [*within, *(alias.asname for alias in aliases if alias.asname)]


_NAMING: dict[type[ast.AST], str] = {
    ast.Name: "id",
    ast.Attribute: "attr",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.arg: "arg",
    ast.keyword: "arg",
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
}
"""Kind of node -> its field with an identifier."""


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


def test_the_engine_rooms_have_no_word_of_a_family_in_names_and_strings() -> None:
    words, tables = words_of_families(), tables_of_families()
    assert {"event", "catalog", "dataset_change"} <= set(words)
    assert {"raw.songs", "fct_activity_events", "int_datasets__uploads"} <= set(tables)
    found = [
        f"{path.relative_to(ROOT)}:{line} names {name}"
        for room in ENGINE
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, name in engine_mentions(path.read_text(encoding="utf-8"), words, tables)
    ]
    assert found == []


def test_the_engine_rooms_are_not_called_after_families() -> None:
    words = words_of_families()
    paths = [path.relative_to(ROOT) for room in ENGINE for path in (ROOT / room).rglob("*.py")]
    assert [path for path in paths if any(has_word(part, words) for part in path.with_suffix("").parts)] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('F = f"{root}/datasets/{name}"', ["datasets"]),
        ('SQL = "select * from marts.fct_activity_events"', ["marts.fct_activity_events"]),
        ('SQL = f"from raw.songs where {x} and y"', ["raw.songs"]),
        ("def read_events(x): pass", ["read_events"]),
        ("class CatalogScan: pass", ["CatalogScan"]),
        ("class HTTPEvent: pass", ["HTTPEvent"]),
        ("def f(dataset_changes=1): pass\nf(mobile=2)", ["dataset_changes", "mobile"]),
        ("settings.events_start", ["events_start"]),
        ("import vsf_assets.catalog.scan", ["vsf_assets.catalog.scan"]),
        ("from vsf_assets.synthetic import writers", ["vsf_assets.synthetic.writers"]),
        ("import pyarrow.dataset as campaigns", ["campaigns"]),
        ('"""events"""\nfrom dbt_common.events import f\nVALUE = "VSF_EVENTS_START"\nlines = "limit 1; eventual"', []),
    ],
)
def test_a_word_of_a_family_is_found_in_names_and_strings(code: str, found: list[str]) -> None:
    mentioned = [name for _, name in engine_mentions(code, words_of_families(), tables_of_families())]
    assert mentioned == found


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
