"""The exact validator of one JSON record: reports every defect by field.

Here: pure functions on the bytes of a record, used if the fast validator (fast_validator.py) cannot prove that the
record is valid. Not here: the file around the record (array_reader.py) and the rules of the contract.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

import polars as pl

from vsf_assets.common.visible_text import quoted, visible
from vsf_assets.readers.common.casts import cast, expectation
from vsf_assets.readers.common.displayable_text import MAX_RECORD, SHOWN_TEXT, show
from vsf_assets.readers.common.reason_column import REASON_COLUMN
from vsf_assets.readers.delimited.header_reasons import folded, meant_column
from vsf_assets.readers.json.lossless_values import (
    DECODER,
    Constant,
    Integer,
    JsonObject,
    Number,
    is_text,
    kind_of,
    shown,
    shown_name,
    why_no_text,
)

Fields = dict[str, tuple[pl.DataType, bool]]
"""Field -> (type, whether it may be null)."""

_LARGEST = 2**63 - 1

MOST_DEFECTS = 20
"""Number of defects of one record that are listed; a record may have any number of fields."""

MOST_COMPARED = 100
"""Number of a record's fields up to which unknown fields are compared with missing ones."""


@dataclass(frozen=True)
class Defect:
    """A defect of a record: anomaly, field (if it is about one), value as delivered, reason."""

    anomaly: str
    field: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Validated:
    """The result of validating a record.

    Attributes:
        kind: the record's type, if it is known.
        data: the fields of a valid record.
        defects: the defects of an invalid record. Without data and defects, the record has a type that the feed does
            not read.
    """

    kind: str | None = None
    data: dict[str, Any] | None = None
    defects: tuple[Defect, ...] = ()


def validate_record(raw: bytes, fields_of: dict[str, Fields]) -> Validated:
    """Validate a record `{"type": ..., "data": {...}}`.

    Args:
        raw: the bytes of the record.
        fields_of: type -> its fields, for each type that the feed reads.

    Raises:
        json.JSONDecodeError: it is not valid JSON. NaN, and characters that text cannot hold, are reported as defects.
    """
    record, defects = _decoded(raw, "the record")
    if defects:
        return Validated(None, None, defects)
    kind = record.get("type")
    if not isinstance(kind, str) or isinstance(kind, Number | Constant) or not is_text(kind):
        return Validated(None, None, (_of_type(record),))
    if "type" in record.doubled:
        return Validated(None, None, (_twice("type"),))
    if kind not in fields_of:
        return Validated(kind)
    data = record.get("data")
    fields = _of_fields(data, fields_of[kind], kind) if isinstance(data, JsonObject) else ()
    defects = _first_of(chain(_of_record(record, kind), fields))
    return Validated(kind, None if defects else _plain(data), defects)


def validate_line(raw: bytes, fields: Fields, what: str) -> Validated:
    """Validate an object whose keys are the fields.

    Raises:
        json.JSONDecodeError: it is not valid JSON.
    """
    record, defects = _decoded(raw, "the line")
    defects = defects or _first_of(_of_fields(record, fields, what))
    return Validated(what, None if defects else _plain(record), defects)


def _first_of(defects: Iterable[Defect]) -> tuple[Defect, ...]:
    """Return the first defects of a record, and one defect that counts the others."""
    found = iter(defects)
    first, rest = tuple(islice(found, MOST_DEFECTS)), 0
    for defect in found:
        rest, anomaly = rest + 1, defect.anomaly
    if not rest:
        return first
    reason = f"the record has {rest:,} more defects like these; the first {MOST_DEFECTS} are listed"
    return (*first, Defect(anomaly, None, None, reason))


def _decoded(raw: bytes, what: str) -> tuple[JsonObject, tuple[Defect, ...]]:
    try:
        value = DECODER.decode(raw.decode("utf-8", "surrogateescape"))
    except RecursionError:
        return JsonObject([]), (Defect("invalid_json", None, None, f"{what} is nested too deeply to be read"),)
    if isinstance(value, JsonObject):
        return value, ()
    return JsonObject([]), (
        Defect("invalid_value", None, shown(value), f"{what} must be an object; it is {kind_of(value)}"),
    )


def _of_type(record: JsonObject) -> Defect:
    if "type" not in record:
        return Defect("missing_fields", "type", None, "type is missing")
    value = record["type"]
    if isinstance(value, str) and not isinstance(value, Number | Constant):
        return Defect("invalid_encoding", "type", shown(value), f"type {why_no_text(value)}")
    return Defect("invalid_value", "type", shown(value), f"type must be text; it is {kind_of(value)}")


def _of_record(record: JsonObject, kind: str) -> Iterator[Defect]:
    yield from map(_twice, record.doubled)
    for name in record:
        if name not in ("type", "data", REASON_COLUMN):  # a file of mended records may keep its reasons
            reason = f"{visible(shown_name(name))} is not expected beside type and data"
            yield Defect("extra_fields", shown_name(name), shown(record[name]), reason)
    if "data" not in record:
        yield Defect("missing_fields", "data", None, f"data is missing; it has the fields of the {kind}")
    elif record["data"] is None:
        yield Defect("missing_value", "data", "null", "data must not be empty")
    elif not isinstance(record["data"], JsonObject):
        value = record["data"]
        yield Defect("invalid_value", "data", shown(value), f"data must be an object; it is {kind_of(value)}")


def _of_fields(data: JsonObject, fields: Fields, what: str) -> Iterator[Defect]:
    yield from map(_twice, data.doubled)
    for name in fields:
        if name not in data:
            yield Defect("missing_fields", name, None, f"{name} is missing")
    absent = {folded(name): name for name in fields if name not in data}
    for name, value in data.items():
        if name not in fields:
            meant = meant_column(name, absent) if absent and len(data) <= MOST_COMPARED else None
            hint = f"; did you mean {meant}?" if meant else ""
            reason = f"{visible(shown_name(name))} is not a field of a {what} ({', '.join(fields)}){hint}"
            yield Defect("extra_fields", shown_name(name), shown(value), reason)
            continue
        dtype, nullable = fields[name]
        if value is None and nullable:
            continue
        anomaly, reason = _of_value(value, dtype)
        if anomaly:
            yield Defect(anomaly, name, shown(value), f"{name} {reason}")


def _of_value(
    value: Any, dtype: pl.DataType
) -> tuple[Literal["", "missing_value", "invalid_value", "invalid_encoding"], str]:
    """Return (anomaly, reason) of a value; empty texts if it is valid."""
    if value is None:
        return "missing_value", "must not be empty"
    text = isinstance(value, str) and not isinstance(value, Number | Constant)
    if text and not is_text(value):
        return "invalid_encoding", why_no_text(value)
    if isinstance(dtype, pl.Boolean):
        fits = isinstance(value, bool)
    elif isinstance(dtype, pl.Int64):
        fits = isinstance(value, Integer) and len(value) < 21 and -_LARGEST - 1 <= int(value) <= _LARGEST
    elif isinstance(dtype, pl.Float64):
        fits = isinstance(value, Number) and abs(float(value)) != float("inf")
    elif isinstance(dtype, pl.String):
        fits = text
    else:
        fits = text and cast(pl.Series([value]), dtype)[0] is not None
    return ("", "") if fits else ("invalid_value", f"{expectation(dtype)}; it is {_instead(value, dtype)}")


def _instead(value: Any, dtype: pl.DataType) -> str:
    """Describe a value that does not fit; name its kind if the kind is the cause."""
    is_kind = isinstance(dtype, pl.Int64) and isinstance(value, Integer)
    if is_kind or (isinstance(dtype, pl.Float64) and isinstance(value, Number)):
        return "one that is too large or too small"
    is_text = isinstance(value, str) and not isinstance(value, Number | Constant)
    return quoted(value) if is_text and dtype.is_temporal() else kind_of(value)


def _plain(value: Any) -> dict[str, Any]:
    """Return valid fields as the fast parser returns them."""
    plain: dict[str, Any] = {}
    for name, field in value.items():
        if isinstance(field, Integer) and len(field) < 21:
            plain[name] = int(field)
        else:
            plain[name] = float(field) if isinstance(field, Number) else field
    return plain


def _twice(name: str) -> Defect:
    return Defect("invalid_json", shown_name(name), None, f"{visible(shown_name(name))} is given more than once")


def shown_record(raw: bytes) -> str:
    """Return a record's bytes as text that can be stored; a long text is cut."""
    return show(raw if len(raw) <= MAX_RECORD else raw[:SHOWN_TEXT])
