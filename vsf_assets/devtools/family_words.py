"""Finds where code names a family: the engine rooms know none, and other rooms do in files called after it.

Here: the engine rooms, the words of families, and what syntax trees name, docstrings apart. In an engine room no import
of a family's module or room, and no identifier or string (SQL, paths, parts of f-strings) may have a name of a family
as a word. In other rooms a string that is such a name stands only in files and folders called after the family. So a
new family may not be called by a word that is in use there. Not here: the tests of these rules
(house/test_families.py), and the other names that a new family cannot have (feed_skeleton.py).
"""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.config.variables import VARIABLES
from vsf_assets.devtools.import_order import PACKAGE, ROOMS
from vsf_assets.feeds import by_family

ROOT = PROJECT_ROOT / PACKAGE
ENGINE = ("common", "storage", "warehouse", "landing", "archive", "readers", "ingest", "publish", "transform")
FREE = ("portal", "demo", "cli")
"""Rooms of applications, which may name families anywhere."""

OTHERS = tuple(room for room in ROOMS if room not in (*ENGINE, *FREE, "devtools", "definitions"))
"""Rooms that name a family only in files and folders called after it."""

FAMILIES = sorted(path.stem for path in Path(by_family.__path__[0]).glob("*.py") if path.stem != "__init__")
_IMPORT = re.compile(r"^vsf_assets\.(?:feeds|contracts)\.by_family\.(\w+)")

OF_LIBRARIES = {
    "pyarrow.dataset",
    "table_catalog",
    "next_catalog_id",
    "SSECustomerKeyMD5",
    "BaseEvent",
    "EventManager",
    "fire_event",
}
"""A module of pyarrow, columns of SQL and DuckLake, a field of S3's answers, and dbt's messages."""


def family_by_name() -> dict[str, str]:
    """Return the module of a family by every name that is its own: of its feeds, families and raw tables."""
    found = {module: module for module in FAMILIES}
    for module in FAMILIES:
        for feed in importlib.import_module(f"{by_family.__name__}.{module}").FEEDS:
            found |= dict.fromkeys((feed.name, feed.family, feed.models, *feed.tables), module)
    return found


@cache
def sql_words() -> frozenset[str]:
    """Return the words that have a meaning in DuckDB's SQL, so that a table of this name needs quotes."""
    import duckdb

    found = duckdb.sql("select keyword_name from duckdb_keywords() where keyword_category != 'unreserved'").fetchall()
    return frozenset(word for (word,) in found)


def words_of(names: Mapping[str, str]) -> dict[str, str]:
    """Return the words that show that code knows a family: its names, and their singulars but for words of SQL."""
    declared = {name: family for name, family in names.items() if not name.startswith("raw.")}
    singular = {name.removesuffix("s"): family for name, family in declared.items()}
    return {word: family for word, family in singular.items() if word not in sql_words()} | declared


def mentions(code: str, families: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what, module of the family) of each string that is a name of a family, and each import of one."""
    tree = ast.parse(code)
    docstrings = _docstrings(tree)
    tables = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in families if name.startswith("raw.")))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names = {node.value} & set(families) | set(tables.findall(node.value))
            for name in sorted(names):
                yield node.lineno, name, families[name]
        for name in _imported(node):
            match = _IMPORT.match(name)
            if match and match.group(1) in families:
                yield getattr(node, "lineno", 0), name, match.group(1)


def engine_mentions(code: str, words: Iterable[str], tables: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, identifier or part of a string) of each that has a word, a table or the room of a family in it."""
    tree = ast.parse(code)
    docstrings = _docstrings(tree)
    variables = {variable.name for variable in VARIABLES}
    for node in ast.walk(tree):
        names = _identifiers(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names = [name for name in re.findall(r"\w+(?:\.\w+)*", node.value) if name not in variables]
        for name in names:
            if name in OF_LIBRARIES:
                continue
            if name in tables or any(part in tables or has_word(part, words) for part in name.split(".")):
                yield getattr(node, "lineno", 0), name


def has_word(name: str, words: Iterable[str]) -> bool:
    """Whether an identifier has one of the words, which may be of several parts, as parts of its own."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().split("_")
    plain = f"_{'_'.join(filter(None, parts))}_"
    return any(f"_{word}_" in plain for word in words)


def _docstrings(tree: ast.AST) -> set[int]:
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


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


def files_of(rooms: Iterable[str]) -> Iterator[Path]:
    """Yield the modules of rooms, as paths below the package."""
    for room in rooms:
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / room).rglob("*.py")))


def _texts(rooms: Iterable[str], words: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield path and code of the modules of rooms that may name one of the words, whatever its form."""
    squeezed = [word.replace("_", "") for word in words]
    for path in files_of(rooms):
        code = (ROOT / path).read_text(encoding="utf-8")
        letters = code.lower().replace("_", "")
        if any(word in letters for word in squeezed):  # parsing takes the longest
            yield path, code


def strings_in(rooms: Iterable[str], names: Mapping[str, str], is_allowed_after_family: bool) -> Iterator[str]:
    """Yield a line for each string of rooms that is a name of a family."""
    for path, code in _texts(rooms, names):
        for line, what, family in mentions(code, names):
            if not (is_allowed_after_family and is_called_after(path, family)):
                yield f"{path}:{line} names {what} of {family}"


def words_in_the_engine(words: Iterable[str], tables: Iterable[str]) -> Iterator[str]:
    """Yield a line for each identifier and string of the engine rooms with one of the words or tables in it."""
    for path, code in _texts(ENGINE, [*words, *tables]):
        yield from (f"{path}:{line} names {name}" for line, name in engine_mentions(code, words, tables))


def paths_in_the_engine(words: Iterable[str]) -> list[str]:
    """Return the paths in the engine rooms that have one of the words."""
    found = [path for path in files_of(ENGINE) if any(has_word(part, words) for part in path.with_suffix("").parts)]
    return [str(path) for path in found]


def uses_of(name: str) -> Iterator[str]:
    """Yield a line for each place that uses a word which would be the name of a new family."""
    names = {name: name, f"raw.{name}": name}
    yield from paths_in_the_engine(words_of(names))
    yield from words_in_the_engine(words_of(names), names)
    yield from strings_in(OTHERS, names, is_allowed_after_family=True)
