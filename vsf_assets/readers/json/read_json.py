"""Reads JSON files: arrays of typed records, and JSON Lines.

Here: the two kinds of files, and the choice of records for the fast validator. Not here: the validation of records
(validation.py) and the loop over the bytes of an array (array_reader.py).
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import polars as pl

from vsf_assets.common.interpreter_tricks import gc_paused
from vsf_assets.contracts import get_table
from vsf_assets.contracts.table import Table
from vsf_assets.feeds.reading import JsonRecords
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.common.decoding import line_blocks, utf8
from vsf_assets.readers.common.limits import FindingsLimit
from vsf_assets.readers.common.portion import Portion
from vsf_assets.readers.json.array_reader import ArrayReader
from vsf_assets.readers.json.elements import Chunk, invalid_json
from vsf_assets.readers.json.exact_validator import Defect, Fields, Validated, validate_line, validate_record
from vsf_assets.readers.json.fast_validator import fields_of, names_are_single, names_in, with_doubled_names
from vsf_assets.readers.json.validation import CheckedRecords, Records, check_records


def record_portions(stream: FileStream, reading: JsonRecords, encoding: str, limit: FindingsLimit) -> Iterator[Portion]:
    """Yield the records of a JSON array `[{"type": ..., "data": {...}}, ...]`; the line of a record is its index.

    Raises:
        UnreadableError: the file is not a JSON array, or the array is incomplete.
    """
    tables = {kind: get_table(name) for kind, name in reading.tables}
    fields_by_kind = {kind: fields_of(table) for kind, table in tables.items()}
    chunks = ArrayReader(utf8(stream, encoding)).chunks()

    @gc_paused()
    def portion() -> Portion | None:
        chunk = next(chunks, None)
        if chunk is None:
            return None
        checked = _check(chunk, tables, fields_by_kind, limit)
        read, skipped = len(chunk.values), sum(count for _, count in checked.skipped.values())
        notes = {reading.skipped: _skipped(checked)}
        chunk.values.clear()  # frees thousands of objects before the garbage collector would traverse them
        return Portion(checked.valid, checked.findings, read, checked.quarantined, skipped=skipped, notes=notes)

    return iter(portion, None)


def _check(chunk: Chunk, tables: dict[str, Table], fields: dict[str, Fields], limit: FindingsLimit) -> CheckedRecords:
    def validate(place: int) -> Validated:
        try:
            return validate_record(chunk.raw(place), fields)
        except json.JSONDecodeError as error:
            raise invalid_json(chunk, place, error) from None

    records = Records(chunk.raw, chunk.first_index, validate, may_hold_nul=b"\\u0000" in chunk.body, are_foreign=True)
    _sort(chunk, records)
    return check_records(records, tables, fields, limit)


def _sort(chunk: Chunk, records: Records) -> None:
    """Group the records by type; mark records of another shape for exact validation, and all if names may repeat."""
    groups = records.groups
    for place, value in enumerate(chunk.values):
        try:
            kind, data = value["type"], value["data"]
        except (KeyError, TypeError):
            records.to_validate.add(place)
            continue
        if type(kind) is str and type(data) is dict and len(value) == 2:
            if kind not in groups:
                groups[kind] = ([], [])
            places, rows = groups[kind]
            places.append(place)
            rows.append(data)
        else:
            records.to_validate.add(place)
    if chunk.refused:
        records.mark_for_validation(range(len(chunk.values)))
        return
    names = sum(2 * len(rows) + sum(map(len, rows)) for _, rows in groups.values())
    if not names_are_single(chunk.body, names) and not names_are_single(chunk.body, names_in(chunk.values)):
        records.mark_for_validation(with_doubled_names(chunk.body, len(chunk.values)))
    for kind in [kind for kind in groups if "\0" in kind]:
        records.mark_for_validation(groups[kind][0])


def _skipped(checked: CheckedRecords) -> pl.DataFrame:
    rows = [(first, kind, count) for kind, (first, count) in checked.skipped.items()]
    return pl.DataFrame(rows, schema={"_line": pl.Int64, "record_type": pl.String, "records": pl.Int64}, orient="row")


def line_portions(stream: FileStream, table: Table, limit: FindingsLimit) -> Iterator[Portion]:
    """Yield the objects of a file with one object per line.

    Raises:
        UnreadableError: the bytes cannot be read.
    """
    what = table.name.split(".")[1].removesuffix("s")
    fields = fields_of(table)
    for first_line, lines in line_blocks(stream):

        def validate(place: int, lines: list[bytes] = lines) -> Validated:
            try:
                return validate_line(lines[place], fields, what)
            except json.JSONDecodeError as error:
                return Validated(None, None, (Defect("invalid_json", None, None, f"the line is no JSON: {error.msg}"),))

        records = Records(lines.__getitem__, first_line, validate)
        places, rows = records.groups.setdefault(what, ([], []))
        blank = 0
        for place, raw in enumerate(lines):
            value = _parsed(raw)
            if not raw.strip():
                blank += 1
            elif type(value) is dict and names_are_single(raw, len(value)):
                places.append(place)
                rows.append(value)
            else:
                records.to_validate.add(place)
        checked = check_records(records, {what: table}, {what: fields}, limit)
        yield Portion(checked.valid, checked.findings, len(lines), checked.quarantined, blank)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
