"""The validated schema of a made-up file.

Here: the frozen types, and the conversion of a mapping (from a YAML or JSON file) into a schema, or into an error that
names column and option. Not here: reading files (synthetic/schema_parser.py) and generating values (columns/).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from vsf_assets.common.errors import UsageError
from vsf_assets.common.suggestions import did_you_mean, nearest
from vsf_assets.synthetic.model.column_types import BY_NAME, EVERY_COLUMN, KINDS, Kind, plain
from vsf_assets.synthetic.model.option_checks import Options
from vsf_assets.synthetic.model.option_parsers import day, schema_name, words

SEPARATORS = {"comma": ",", "semicolon": ";", "pipe": "|", "tab": "\t", "space": " "}
QUOTES = {"double": '"', "single": "'"}
"""Name -> character, of separators and quotes; a schema may contain the character or its name."""

_FIELDS = ("name", "table", "separator", "quote", "today", "columns")

DEEPEST_COLUMNS = 30
"""Largest number of columns of which each is made of the next one."""

_DATED = ("Date", "Datetime")
"""Types whose range ends today by default."""


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
    """The description of a made-up file.

    Attributes:
        name: its name.
        separator, quote: characters of CSV files.
        columns: the columns, in the order of the file.
        today: the day on which ranges of days end by default; None if the schema does not say it.
        table: name of the table in SQL files; empty for the schema's name.
    """

    name: str
    separator: str
    quote: str
    columns: tuple[Column, ...]
    today: date | None = None
    table: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the end of a range of days depends on the day on which the schema is used."""
        return any(_is_open(column) for column in self.columns)

    def on_day(self, today: date) -> "Schema":
        """Return the schema with all ranges of days filled in: those without `to` end on `today` (UTC).

        Times end at the first second of the day, so they are not in the future either. A schema with a day of its own
        (`today`) is not affected.

        Raises:
            SchemaError: a range begins after its end.
        """
        last = self.today or today
        return replace(self, columns=tuple(_closed(column, last) for column in self.columns), today=last)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the schemas that foreign keys refer to."""
        named = [column.options["schema"] for column in self.columns if column.kind.name == "Foreign Key"]
        return tuple(dict.fromkeys(named))


def _is_open(column: Column) -> bool:
    return column.kind.name in _DATED and column.options["to"] is None


def _closed(column: Column, last: date) -> Column:
    if not _is_open(column):
        return column
    end = last if column.kind.name == "Date" else datetime(last.year, last.month, last.day)  # noqa: DTZ001
    if column.options["from"] > end:
        raise SchemaError(
            f"column {column.name!r}, option from: {column.options['from']} is greater than to: {end}, the day on which"
            " ranges end by default; write to:"
        )
    return replace(column, options={**column.options, "to": end})


def schema_of(content: Any) -> Schema:
    """Return the schema that a mapping describes.

    Args:
        content: the content of a YAML or JSON file, with `name`, `separator`, `quote` and `columns`.

    Raises:
        SchemaError: the mapping is invalid; the message names column, option and the expected value.

    A schema with a day of its own (`today`) is returned with its ranges of days filled in, see `Schema.on_day`.
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
    found = Schema(
        name=name,
        separator=_one_of("separator", content.get("separator", ","), SEPARATORS),
        quote=_one_of("quote", content.get("quote", '"'), QUOTES),
        columns=tuple(_related(column, names) for column in ordered),
        today=_today(content.get("today")),
        table=_table(content),
    )
    refuse_bad_references(found.columns)
    return found if found.today is None else found.on_day(found.today)


def _today(value: Any) -> date | None:
    try:
        return None if value is None else day(value)
    except ValueError as error:
        raise SchemaError(f"today: {error}") from None


def _table(content: Mapping[Any, Any]) -> str:
    try:
        return str(schema_name(content["table"])) if "table" in content else ""
    except ValueError as error:
        raise SchemaError(f"table: {error}") from None


def column_problems(content: Any) -> dict[int, str]:
    """Return place from 0 -> what is wrong with the column, of all columns that are wrong by themselves.

    Names that occur twice, and columns that do not fit each other, are for `schema_of`, which raises at the first one.
    """
    problems: dict[int, str] = {}
    for place, column in enumerate(content.get("columns") or []):
        try:
            _column(place + 1, column)
        except SchemaError as error:
            problems[place] = str(error)
    return problems


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
    if values["unique"] and not kind.can_be_unique:
        raise SchemaError(f"{where}, option unique: values of a {kind.name} can repeat, whatever its columns hold")
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
    for option, described in column.kind.options.items():
        kinds = described.column_types
        if not kinds:
            continue
        if found[option] is None:
            found[option] = names.nearest(kinds)
        elif not names.has(found[option], kinds):
            raise SchemaError(
                f"column {column.name!r}, option {option}: there is no column {found[option]!r} of the type"
                f" {' or '.join(kinds)}"
            )
    names.passed(column)
    return replace(column, options=found)


def refuse_bad_references(columns: Iterable[Column]) -> None:
    """Raise SchemaError for a column that is made of missing columns, of columns of a wrong type, or of itself."""
    by_name = {column.name: column for column in columns}
    operands: dict[str, list[str]] = {}
    for column in by_name.values():
        option, operands[column.name] = column.kind.refers_to(column.options)
        for name in operands[column.name]:
            where = f"column {column.name!r}, option {option}"
            if name not in by_name:
                hint = did_you_mean(name, by_name)
                raise SchemaError(f"{where}: there is no column {name!r}{hint}")
            kinds = column.kind.operands
            if kinds and by_name[name].kind.name not in kinds:
                raise SchemaError(
                    f"{where}: column {name!r} is of the type {by_name[name].kind.name}; a {column.kind.name} uses"
                    f" columns of the types {', '.join(kinds)}"
                )
    _refuse_circles(operands)


def _refuse_circles(operands: Mapping[str, list[str]]) -> None:
    """Raise SchemaError if a column is made of itself; `operands` holds the columns that each column is made of."""
    depth: dict[str, int] = {}
    for start in operands:
        waiting = [(start, iter(operands[start]))] if start not in depth else []
        while waiting:
            name, rest = waiting[-1]
            path = [each for each, _ in waiting]
            following = next(rest, None)
            if following is None:
                depth[name] = 1 + max((depth[each] for each in operands[name]), default=0)
                waiting.pop()
            elif following in path:
                circle = " → ".join([*path[path.index(following) :], following])
                raise SchemaError(f"column {following!r}: it is made of itself: {circle}")
            elif following not in depth:
                waiting.append((following, iter(operands[following])))
            if len(path) > DEEPEST_COLUMNS or depth.get(name, 0) > DEEPEST_COLUMNS:
                raise SchemaError(f"column {name!r}: more than {DEEPEST_COLUMNS} columns are made of each other")
