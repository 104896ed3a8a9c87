"""The validated schema of a made-up file.

Here: the frozen types, and the conversion of a mapping (from a YAML or JSON file) into a schema, or into an error that
names column and option. Not here: reading files (synthetic/schema_parser.py) and generating values (columns/).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.common.errors import UsageError
from vsf_assets.common.suggestions import did_you_mean, nearest
from vsf_assets.synthetic.model.column_types import BY_NAME, EVERY_COLUMN, KINDS, Kind, Options, plain
from vsf_assets.synthetic.model.option_parsers import schema_name, words

SEPARATORS = {"comma": ",", "semicolon": ";", "pipe": "|", "tab": "\t", "space": " "}
QUOTES = {"double": '"', "single": "'"}
"""Name -> character, of separators and quotes; a schema may contain the character or its name."""

_FIELDS = ("name", "separator", "quote", "columns")
_RELATIONS = {
    "name_from": ("Full Name",),
    "domain_from": ("Domain Name", "Company Name"),
    "company_from": ("Company Name",),
}
"""Option that names another column -> the types that this column may have."""


class SchemaError(UsageError):
    """An invalid schema; the message names the column and the option."""


@dataclass(frozen=True)
class Column:
    """A column of a schema.

    Attributes:
        name: its header.
        kind: its type.
        options: all options of its type, validated; options that refer to other columns hold their names.
        null_share: share of rows without a value, 0 to 1.
        is_unique: whether all values are distinct.
    """

    name: str
    kind: Kind
    options: Options
    null_share: float = 0.0
    is_unique: bool = False


@dataclass(frozen=True)
class Schema:
    """The description of a made-up file; the columns are in the order of the file."""

    name: str
    separator: str
    quote: str
    columns: tuple[Column, ...]


def schema_of(content: Any) -> Schema:
    """Return the schema that a mapping describes.

    Args:
        content: the content of a YAML or JSON file, with `name`, `separator`, `quote` and `columns`.

    Raises:
        SchemaError: the mapping is invalid; the message names column, option and the expected value.
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
    _refuse_duplicate_headers(column for _, column in read)
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
    raise SchemaError(f"{field}: {value!r} is not allowed; write one of {', '.join(named)}, or that character")


def only_known(where: str, what: str, mapping: Mapping[Any, Any], known: Iterable[str]) -> None:
    """Raise SchemaError for an unknown key of a mapping; the message suggests a similar key."""
    for word in mapping:
        if word not in known:
            hint = did_you_mean(str(word), known) or f"; there are {', '.join(known)}"
            raise SchemaError(f"{where} has no {what} {word!r}{hint}")


def _column(place: int, mapping: Any) -> tuple[tuple[bool, int], Column]:
    """Return a column with its sort key."""
    if not isinstance(mapping, Mapping):
        raise SchemaError(f"column {place}: {mapping!r} is not a mapping with name and type")
    try:
        name = words(mapping.get("name"))
    except ValueError as error:
        raise SchemaError(f"column {place}, name: {error}") from None
    where = f"column {name!r}"
    kind = _kind(where, mapping.get("type"))
    values = _options(where, kind, {word: value for word, value in mapping.items() if word not in ("name", "type")})
    problem = kind.check(values)
    if problem:
        raise SchemaError(f"{where}, option {problem[0]}: {problem[1]}")
    order = values.pop("order")
    column = Column(name, kind, values, values.pop("null_share"), values.pop("unique"))
    return (order is None, order or 0), column


def _kind(where: str, name: Any) -> Kind:
    kind = BY_NAME.get(plain(name)) if isinstance(name, str) else None
    if kind is None:
        near = nearest(plain(str(name)), BY_NAME)
        hint = f"did you mean {BY_NAME[near].name}? " if near else ""
        known = ", ".join(each.name for each in KINDS)
        raise SchemaError(f"{where}, type: there is no type {name!r}; {hint}there are {known}")
    return kind


def _options(where: str, kind: Kind, written: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values of all options of a type: the written values, else the defaults."""
    known = {**kind.options, **EVERY_COLUMN}
    only_known(f"{where} ({kind.name})", "option", written, known)
    values: dict[str, Any] = {}
    for word, option in known.items():
        if word in written:
            try:
                values[word] = option.read(written[word])
            except ValueError as error:
                raise SchemaError(f"{where}, option {word}: {error}") from None
        elif option.is_required:
            raise SchemaError(f"{where}, option {word}: it is missing; {kind.name} needs it ({option.meaning})")
        else:
            values[word] = option.default
    return values


def _refuse_duplicate_headers(columns: Iterable[Column]) -> None:
    seen = set()
    for column in columns:
        if column.name in seen:
            raise SchemaError(f"column {column.name!r}: the name occurs twice; each column needs its own name")
        seen.add(column.name)


class _Names:
    """Index of a schema's columns by type, for a loop over the columns; each look-up takes constant time."""

    def __init__(self, ordered: list[Column]):
        self._first: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._of_kind = {(column.kind.name, column.name) for column in ordered}
        for column in ordered:
            self._first.setdefault(column.kind.name, column.name)

    def nearest(self, kinds: tuple[str, ...]) -> str | None:
        """Return the last such column before the current one, else the first after it; earlier types win."""
        return next((self._last.get(kind, self._first[kind]) for kind in kinds if kind in self._first), None)

    def has(self, name: object, kinds: tuple[str, ...]) -> bool:
        """Whether a column with this name has one of the types."""
        return any((kind, name) in self._of_kind for kind in kinds)

    def passed(self, column: Column) -> None:
        """Record the current column as passed."""
        self._last[column.kind.name] = column.name


def _related(column: Column, names: _Names) -> Column:
    """Resolve the columns that a column refers to: those that it names, else the nearest ones of the type."""
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
