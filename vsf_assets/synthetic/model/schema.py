"""The validated schema of a made-up file.

Here: the frozen types, and how a mapping (of a YAML or JSON file) becomes a schema or an error that names
column and option. Not here: reading files (synthetic/schema_parser.py) and making values (columns/).
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.common.errors import UsageError
from vsf_assets.synthetic.model.column_types import BY_NAME, EVERY_COLUMN, KINDS, Kind, Options, plain
from vsf_assets.synthetic.model.option_parsers import schema_name, words

SEPARATORS = {"comma": ",", "semicolon": ";", "pipe": "|", "tab": "\t", "space": " "}
QUOTES = {"double": '"', "single": "'"}
"""Names of separators and quote characters; a schema may write the character or its name."""

_FIELDS = ("name", "separator", "quote", "columns")
_RELATIONS = {
    "name_from": ("Full Name",),
    "domain_from": ("Domain Name", "Company Name"),
    "company_from": ("Company Name",),
}
"""Options that name another column -> the types it may have."""


class SchemaError(UsageError):
    """A schema that cannot be; the message names the column and the option."""


@dataclass(frozen=True)
class Column:
    """A column of a schema.

    Attributes:
        name: its header.
        kind: its type.
        options: every option of its type, checked; names of other columns where it fits them.
        null_share: share of rows without a value.
        is_unique: whether no value comes twice.
    """

    name: str
    kind: Kind
    options: Options
    null_share: float = 0.0
    is_unique: bool = False


@dataclass(frozen=True)
class Schema:
    """What a made-up file is like; the columns stand as they are written."""

    name: str
    separator: str
    quote: str
    columns: tuple[Column, ...]


def schema_of(content: Any) -> Schema:
    """Return the schema that a mapping describes.

    Args:
        content: what a YAML or JSON file holds: `name`, `separator`, `quote` and `columns`.

    Raises:
        SchemaError: it does not; the message says which column and option, and what is wanted.
    """
    if not isinstance(content, Mapping):
        raise SchemaError("a schema is a mapping with name and columns; see docs/made-up-files.md")
    only_known("the schema", "field", content, _FIELDS)
    try:
        name = schema_name(content.get("name"))
    except ValueError as error:
        raise SchemaError(f"name: {error}") from None
    columns = content.get("columns")
    if not isinstance(columns, list) or not columns:
        raise SchemaError("columns: there are none; a schema has a list of at least one column")
    read = [_column(place, column) for place, column in enumerate(columns, 1)]
    _no_header_twice(column for _, column in read)
    ordered = [column for _, column in sorted(read, key=lambda item: item[0])]
    names = _Names(ordered)
    return Schema(
        name=name,
        separator=_one_of("separator", content.get("separator", ","), SEPARATORS),
        quote=_one_of("quote", content.get("quote", '"'), QUOTES),
        columns=tuple(_related(column, names) for column in ordered),
    )


def _one_of(field: str, value: Any, named: Mapping[str, str]) -> str:
    if isinstance(value, str) and (value in named.values() or value in named):
        return named.get(value, value)
    raise SchemaError(f"{field}: {value!r} cannot be; it is one of {', '.join(named)}, or that character")


def only_known(where: str, what: str, given: Mapping[Any, Any], known: Iterable[str]) -> None:
    """Raise SchemaError for a word that nothing would read, with the one that may be meant."""
    for word in given:
        if word not in known:
            near = difflib.get_close_matches(str(word), list(known), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise SchemaError(f"{where} has no {what} {word!r}{hint}")


def _column(place: int, given: Any) -> tuple[tuple[bool, int], Column]:
    """Return a column with what it is ordered by."""
    if not isinstance(given, Mapping):
        raise SchemaError(f"column {place}: {given!r} is not a mapping with name and type")
    try:
        name = words(given.get("name"))
    except ValueError as error:
        raise SchemaError(f"column {place}, name: {error}") from None
    where = f"column {name!r}"
    kind = _kind(where, given.get("type"))
    values = _options(where, kind, {word: value for word, value in given.items() if word not in ("name", "type")})
    problem = kind.check(values)
    if problem:
        raise SchemaError(f"{where}, option {problem[0]}: {problem[1]}")
    order = values.pop("order")
    column = Column(name, kind, values, values.pop("null_share"), values.pop("unique"))
    return (order is None, order or 0), column


def _kind(where: str, given: Any) -> Kind:
    kind = BY_NAME.get(plain(given)) if isinstance(given, str) else None
    if kind is None:
        near = difflib.get_close_matches(plain(str(given)), list(BY_NAME), 1)
        hint = f"did you mean {BY_NAME[near[0]].name}? " if near else ""
        known = ", ".join(each.name for each in KINDS)
        raise SchemaError(f"{where}, type: there is no type {given!r}; {hint}there are {known}")
    return kind


def _options(where: str, kind: Kind, given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return every option of a type and of all columns: as given, else its default."""
    known = {**kind.options, **EVERY_COLUMN}
    only_known(f"{where} ({kind.name})", "option", given, known)
    values: dict[str, Any] = {}
    for word, option in known.items():
        if word in given:
            try:
                values[word] = option.read(given[word])
            except ValueError as error:
                raise SchemaError(f"{where}, option {word}: {error}") from None
        elif option.is_required:
            raise SchemaError(f"{where}, option {word}: it is missing; {kind.name} needs it ({option.meaning})")
        else:
            values[word] = option.default
    return values


def _no_header_twice(columns: Iterable[Column]) -> None:
    seen = set()
    for column in columns:
        if column.name in seen:
            raise SchemaError(f"column {column.name!r}: the name stands there twice; headers differ from each other")
        seen.add(column.name)


class _Names:
    """The columns of a schema by type, asked for one after the other; each question takes the same time."""

    def __init__(self, ordered: list[Column]):
        self._first: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._of_kind = {(column.kind.name, column.name) for column in ordered}
        for column in ordered:
            self._first.setdefault(column.kind.name, column.name)

    def nearest(self, kinds: tuple[str, ...]) -> str | None:
        """Return the last such column before this one, else the first after it; a type that comes first wins."""
        return next((self._last.get(kind, self._first[kind]) for kind in kinds if kind in self._first), None)

    def has(self, name: object, kinds: tuple[str, ...]) -> bool:
        """Whether a column of one of the types has the name."""
        return any((kind, name) in self._of_kind for kind in kinds)

    def passed(self, column: Column) -> None:
        """Go on to the next column."""
        self._last[column.kind.name] = column.name


def _related(column: Column, names: _Names) -> Column:
    """Return the column with the names of the columns it fits: those it names, else the nearest before it."""
    found = dict(column.options)
    for option in _RELATIONS.keys() & found.keys():
        kinds = _RELATIONS[option]
        if found[option] is None:
            found[option] = names.nearest(kinds)
        elif not names.has(found[option], kinds):
            raise SchemaError(
                f"column {column.name!r}, option {option}: there is no column {found[option]!r} of the type"
                f" {' or '.join(kinds)}"
            )
    names.passed(column)
    return Column(column.name, column.kind, found, column.null_share, column.is_unique)
