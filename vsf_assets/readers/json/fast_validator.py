"""The fast validator: converts valid JSON objects to typed columns at once.

Here: the proof that a row keeps the contract's fields and types, and the typed frame. Not here: what is
wrong with the others; they are judged one by one (exact_validator.py).
"""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from vsf_assets.contracts.projections import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.casts import cast
from vsf_assets.readers.json.exact_validator import Fields
from vsf_assets.readers.json.lossless_values import DECODER, JsonObject

Row = dict[str, Any]

_FITTING: dict[type[pl.DataType], set[type]] = {
    pl.Boolean: {bool},
    pl.Int64: {int},
    pl.Float64: {float, int},
}
"""Polars type -> the parser's types that hold it; text holds the others."""

_SPACES = b" \t\n\r"
_NOTHING = pl.Series()
"""Stands for a column that cannot be made."""

_LARGEST = 2**63 - 1

MANY_BYTES = 16 << 10
"""Of more than these, whole arrays of bytes are compared; for fewer, making an array takes longer."""


def fields_of(table: Table) -> Fields:
    """Return field -> (type, whether it may be null) of a contract."""
    types = polars_types(table)
    return {name: (types[name], bool(column.nullable)) for name, column in table.schema.columns.items()}


def typed_rows(
    rows: Sequence[Row], places: Sequence[int], fields: Fields, may_hold_nul: bool = True
) -> tuple[pl.DataFrame, list[int]]:
    """Return the good rows in the contract's types, numbered by `_line`, and the places of the others.

    Args:
        rows: parsed objects.
        places: the place of each.
        fields: what they must hold, no more, no less.
        may_hold_nul: whether a text may hold a NUL character, so that all are searched for one.
    """
    bad: set[int] = set()
    while True:
        kept = [i for i in range(len(rows)) if i not in bad] if bad else range(len(rows))
        good = [rows[i] for i in kept] if bad else rows
        columns, defective = _columns(good, fields, may_hold_nul)
        if not defective:
            break
        bad |= {kept[i] for i in defective}
    lines = pl.Series("_line", [places[i] for i in kept] if bad else places, dtype=pl.Int64)
    return pl.DataFrame([lines, *columns]), [places[i] for i in sorted(bad)]


def _columns(rows: Sequence[Row], fields: Fields, may_hold_nul: bool) -> tuple[list[pl.Series], set[int]]:
    """Return the columns, or which rows stand in their way."""
    if sum(map(len, rows)) != len(rows) * len(fields):
        return [], {i for i, row in enumerate(rows) if len(row) != len(fields)}
    columns, bad = [], set()
    for name, (dtype, nullable) in fields.items():
        try:
            values = [row[name] for row in rows]
        except KeyError:
            return [], {i for i, row in enumerate(rows) if name not in row}
        column, defective = _column(name, values, dtype, nullable, may_hold_nul)
        columns.append(column)
        bad |= defective
    return columns, bad


def _column(
    name: str, values: list[Any], dtype: pl.DataType, nullable: bool, may_hold_nul: bool
) -> tuple[pl.Series, set[int]]:
    """Return a column and no places, or which values stand in its way."""
    fitting = _FITTING.get(type(dtype), {str}) | ({type(None)} if nullable else set())
    found = set(map(type, values))
    if not found <= fitting:
        return _NOTHING, {i for i, value in enumerate(values) if type(value) not in fitting}
    if isinstance(dtype, pl.Float64) and int in found:
        values = [None if value is None else float(value) for value in values]
    if str not in fitting:
        try:
            return pl.Series(name, values, dtype=dtype), set()
        except (OverflowError, TypeError):  # the parser's integers may have 64 bits and no sign
            return _NOTHING, {i for i, value in enumerate(values) if value is not None and value > _LARGEST}
    text = pl.Series(name, values, dtype=pl.String)
    if may_hold_nul and (with_nul := {i for i, value in enumerate(values) if value is not None and "\0" in value}):
        return _NOTHING, with_nul
    if isinstance(dtype, pl.String):
        return text, set()
    typed = cast(text, dtype)
    if typed.null_count() == text.null_count():
        return typed, set()
    return typed, set((typed.is_null() & text.is_not_null()).arg_true().to_list())


def names_are_single(body: bytes, names: int) -> bool:
    """Whether no object in some valid JSON has a name twice, as far as counting can prove it.

    Args:
        body: the JSON.
        names: how many names its objects have, each counted once.
    """
    if len(body) > MANY_BYTES and _is_each_name_before_its_colon(body, names):
        return True
    # Without spaces a name is followed by its colon at once; a text may look like one, but hides none.
    if body.translate(None, _SPACES).count(b'":') == names:
        return True
    found = body.count(b'":')
    if found > names:
        found -= _count(body, b'\\":', _is_escaped)
    for space in _SPACES:
        if found <= names and bytes([space]) in body:
            found += _count(body, b"%c:" % space, _is_behind_quote)
    return found == names


def _is_each_name_before_its_colon(body: bytes, names: int) -> bool:
    """Whether no space comes before a colon and `names` quotes do: then no name can have escaped the count."""
    import numpy as np

    array = np.frombuffer(body, dtype=np.uint8)
    before = array[:-1][array[1:] == ord(":")]
    return not (before <= ord(" ")).any() and np.count_nonzero(before == ord('"')) == names


def _count(body: bytes, what: bytes, counts: Any) -> int:
    """Return how many occurrences of `what` count."""
    total, at = 0, body.find(what)
    while at >= 0:
        total += counts(body, at)
        at = body.find(what, at + 1)
    return total


def _is_escaped(body: bytes, at: int) -> bool:
    """Whether the quote behind the backslash at `at` is one inside a text."""
    first = at
    while first >= 0 and body[first] == ord("\\"):
        first -= 1
    return (at - first) % 2 == 1


def _is_behind_quote(body: bytes, at: int) -> bool:
    """Whether a quote comes before the spaces that end at `at`."""
    while at >= 0 and body[at] in _SPACES:
        at -= 1
    return body[at : at + 1] == b'"'


def names_in(value: Any) -> int:
    """Return how many names the objects in a parsed value have, at any depth."""
    names, inside = 0, [value]
    while inside:  # not a call for each level: a value may have more of them than Python has calls
        part = inside.pop()
        if type(part) is dict:
            names += len(part)
            part = part.values()
        inside.extend(inner for inner in part if type(inner) in (dict, list))
    return names


def with_doubled_names(body: bytes, records: int) -> set[int]:
    """Return which of the records in some valid JSON have a name twice, or data that has."""
    try:
        objects = DECODER.decode(f"[{body.decode()}]")
    except (RecursionError, json.JSONDecodeError, UnicodeDecodeError):
        return set(range(records))
    return {place for place, value in enumerate(objects) if _has_doubled(value)}


def _has_doubled(value: Any) -> bool:
    inner = value.get("data") if isinstance(value, JsonObject) else None
    return any(isinstance(part, JsonObject) and part.doubled for part in (value, inner))
