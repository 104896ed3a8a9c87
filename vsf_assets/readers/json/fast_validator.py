"""The fast validator: converts valid JSON objects to typed columns at once.

Here: the proof that rows have the contract's fields and types, and the typed frame. Not here: the defects of the other
rows (exact_validator.py validates them one by one).
"""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from vsf_assets.contracts.derived_schemas import polars_types
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
"""Polars type -> the parser's types of its values; values of other types are texts."""

_SPACES = b" \t\n\r"
_NOTHING = pl.Series()
"""Placeholder for a column that cannot be built."""

_LARGEST = 2**63 - 1

MANY_BYTES = 16 << 10
"""Number of bytes above which arrays are compared as a whole; for fewer, building the arrays takes longer."""


def fields_of(table: Table) -> Fields:
    """Return field -> (type, whether it may be null) for a contract."""
    types = polars_types(table)
    return {name: (types[name], bool(column.nullable)) for name, column in table.schema.columns.items()}


def typed_rows(
    rows: Sequence[Row], places: Sequence[int], fields: Fields, may_hold_nul: bool = True
) -> tuple[pl.DataFrame, list[int]]:
    """Return the valid rows in the contract's types, numbered by `_line`, and the places of the other rows.

    Args:
        rows: parsed objects.
        places: the place of each object.
        fields: the fields that each object must have; other fields are not allowed.
        may_hold_nul: whether a text may hold a NUL character; then all texts are searched.
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
    """Return the columns, or the indexes of the rows that prevent them."""
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
    """Return a column and an empty set, or the indexes of the values that prevent the column."""
    fitting = _FITTING.get(type(dtype), {str}) | ({type(None)} if nullable else set())
    found = set(map(type, values))
    if not found <= fitting:
        return _NOTHING, {i for i, value in enumerate(values) if type(value) not in fitting}
    if isinstance(dtype, pl.Float64) and int in found:
        values = [None if value is None else float(value) for value in values]
    if str not in fitting:
        try:
            return pl.Series(name, values, dtype=dtype), set()
        except (OverflowError, TypeError):  # the parser also returns unsigned 64-bit integers
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
    """Prove by counting that no object in valid JSON has a name twice; False if that is not proven.

    Args:
        body: the JSON.
        names: the number of distinct names of its objects, summed over all objects.
    """
    if len(body) > MANY_BYTES and _is_each_name_before_its_colon(body, names):
        return True
    # Without spaces, each name is followed directly by its colon. A text may add to the count, but never lowers it.
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
    """Whether no colon follows a space and `names` colons follow a quote: then every name is counted."""
    import numpy as np

    array = np.frombuffer(body, dtype=np.uint8)
    before = array[:-1][array[1:] == ord(":")]
    return not (before <= ord(" ")).any() and np.count_nonzero(before == ord('"')) == names


def _count(body: bytes, what: bytes, counts: Any) -> int:
    """Return the number of occurrences of `what` for which `counts` holds."""
    total, at = 0, body.find(what)
    while at >= 0:
        total += counts(body, at)
        at = body.find(what, at + 1)
    return total


def _is_escaped(body: bytes, at: int) -> bool:
    """Whether the quote after the backslash at `at` is inside a text."""
    first = at
    while first >= 0 and body[first] == ord("\\"):
        first -= 1
    return (at - first) % 2 == 1


def _is_behind_quote(body: bytes, at: int) -> bool:
    """Whether a quote stands before the white space that ends at `at`."""
    while at >= 0 and body[at] in _SPACES:
        at -= 1
    return body[at : at + 1] == b'"'


def names_in(value: Any) -> int:
    """Return the number of names of all objects in a parsed value, at any depth."""
    names, inside = 0, [value]
    while inside:  # no recursion: a value may have more levels than Python's limit
        part = inside.pop()
        if type(part) is dict:
            names += len(part)
            part = part.values()
        inside.extend(inner for inner in part if type(inner) in (dict, list))
    return names


def with_doubled_names(body: bytes, records: int) -> set[int]:
    """Return the indexes of the records that have a name twice, in themselves or in their data.

    If the strict decoder cannot decode the JSON, all records are returned.
    """
    try:
        objects = DECODER.decode(f"[{body.decode()}]")
    except (RecursionError, json.JSONDecodeError, UnicodeDecodeError):
        return set(range(records))
    return {place for place, value in enumerate(objects) if _has_doubled(value)}


def _has_doubled(value: Any) -> bool:
    inner = value.get("data") if isinstance(value, JsonObject) else None
    return any(isinstance(part, JsonObject) and part.doubled for part in (value, inner))
