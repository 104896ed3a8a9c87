"""The fast parser: polars parses a whole block after its record boundaries are proven.

Here: the parse, and the proof for blocks without quotes. Not here: the proof for other blocks (record_boundaries.py).
Irregular records (a wrong number of fields, NUL, a CR inside a line, invalid UTF-8) are returned as bytes for
exact_parser.py. Without a proof the exact parser reads the whole block.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import BOM, MAX_RECORD
from vsf_assets.readers.delimited.escapes import find_escapes, for_polars, quotes_of_fields, shown
from vsf_assets.readers.delimited.exact_parser import blank_bytes
from vsf_assets.readers.delimited.record_boundaries import blank_records, find_borders, irregular_records

STEP = 1 << 17
"""Bytes that are compared at once: so few that they and the results stay in a processor's cache."""

MANY_DROPPED = 1000
"""From one dropped byte in so many on, one pass over a mask is faster than joining the pieces between them."""


@dataclass(frozen=True)
class Proven:
    """A parsed block with proven record boundaries.

    Attributes:
        frame: `_line` and the file's columns; text, or integers where requested.
        irregular: (physical line, bytes) of the records that are not in the frame.
        widths: number of fields of each irregular record.
        blank: number of blank records; they are neither in the frame nor in `irregular`.
        consumed: number of input bytes that the records cover.
        newlines: number of physical lines that they cover.
    """

    frame: pl.DataFrame
    consumed: int
    newlines: int
    irregular: list[tuple[int, bytes]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    blank: int = 0


def parse_block(
    data: bytes,
    first_line: int,
    dialect: Delimited,
    names: list[str],
    integers: Collection[str] = (),
    maximum: int | None = None,
) -> Proven | None:
    """Parse the records of `data` up to the last record end; return None if there is no proof.

    Args:
        data: bytes that begin with a record.
        first_line: physical line number of the first byte.
        dialect: the dialect of the file.
        names: the header's columns.
        integers: the required columns of 64-bit integers; polars parses them as such if it can.
        maximum: the largest number of irregular records; with more there is no result. None: any number.
    """
    part = MAX_RECORD // 2
    if any(data.find(b"\n", at, at + part) < 0 for at in range(0, len(data) - part, part)):
        return None
    escaped = dialect.escape is not None and dialect.escape.encode() in data
    if not escaped and dialect.quote.encode() not in data:
        plain = _parse_plain(data, first_line, dialect, names, integers)
        if plain is not None:
            return plain
    return _parse_any(data, first_line, dialect, names, integers, maximum)


def _parse_plain(
    text: bytes, first_line: int, dialect: Delimited, names: list[str], integers: Collection[str]
) -> Proven | None:
    """Parse a block without quotes in which every line is a record; return None if a line is not."""
    import numpy as np

    cut = text.rfind(b"\n") + 1
    if not cut or text.startswith((b"\n", b"\r\n", BOM)) or b"\0" in text:
        return None
    if b"\r" in text and (b"\n\r\n" in text or text.count(b"\r") != text.count(b"\r\n")):
        return None
    array = np.frombuffer(text, dtype=np.uint8, count=cut)
    records, delimiters, may_be_blank = _count(array, dialect, text)
    if delimiters != (len(names) - 1) * records:
        return None
    if may_be_blank:
        ends = np.flatnonzero(array == 10)
        if blank_records(text, array, np.concatenate(([0], ends[:-1] + 1)), ends, dialect):
            return None
    frame = read_fields(text[:cut], dialect, names, integers)
    if frame is None or frame.height != records:
        return None
    lines = pl.int_range(first_line, first_line + records, dtype=pl.Int64, eager=True)
    return Proven(frame.insert_column(0, lines.alias("_line")), cut, records)


def _parse_any(
    text: bytes,
    first_line: int,
    dialect: Delimited,
    names: list[str],
    integers: Collection[str],
    maximum: int | None,
) -> Proven | None:
    """Find the boundaries of all records, split off the irregular records, and parse the others."""
    import numpy as np

    array = np.frombuffer(text, dtype=np.uint8, count=text.rfind(b"\n") + 1)
    escapes = find_escapes(array, dialect)
    if escapes is None:
        return None
    quotes = quotes_of_fields(array, escapes, dialect)
    borders = find_borders(array, quotes, dialect)
    if borders is None:
        return None
    starts, ends = borders.starts, borders.ends
    if int((ends - starts).max()) >= MAX_RECORD // 2:
        return None  # the exact parser decides
    cut = int(ends[-1]) + 1
    whole, array = text[:cut], array[:cut]
    irregular = irregular_records(whole, array, borders, len(names))
    blank = blank_records(text, array, starts, ends, dialect)
    irregular[blank] = False
    places = np.flatnonzero(irregular)
    if maximum is not None and len(places) > maximum:
        return None
    left_out = irregular.copy()
    left_out[blank] = True
    rewritten = for_polars(array, escapes, quotes, dialect)
    if rewritten is None:
        return None
    body = _without(rewritten.text, starts[left_out].tolist(), ends[left_out].tolist(), rewritten.dropped)
    may_be_typed = dialect.quote.encode() not in body and not rewritten.has_placeholders
    frame = read_fields(body, dialect, names, integers if may_be_typed else ())
    if frame is None or frame.height != len(ends) - len(places) - len(blank):
        return None
    if rewritten.has_placeholders:
        frame = shown(frame, dialect)
    lines = borders.newlines_before + first_line
    frame.insert_column(0, pl.Series("_line", lines[~left_out], dtype=pl.Int64))
    raws = (text[start : end + 1] for start, end in zip(starts[places].tolist(), ends[places].tolist(), strict=True))
    aside = list(zip(lines[places].tolist(), raws, strict=True))
    widths = (borders.delimiters[places] + 1).tolist()
    return Proven(frame, cut, borders.newlines, aside, widths, len(blank))


def _count(array: Any, dialect: Delimited, text: bytes) -> tuple[int, int, bool]:
    """Return the numbers of newlines and delimiters, and whether a line begins like a blank line.

    All three come from one pass in small steps: whole arrays of results would leave the processor's cache.
    """
    import numpy as np

    delimiter = ord(dialect.delimiter)
    others = [byte for byte in blank_bytes(dialect) if byte not in (10, delimiter) and byte in text]
    is_end, is_delimiter, is_other, begins = (np.empty(STEP, dtype=bool) for _ in range(4))
    newlines = delimiters = 0
    may_be_blank, is_after_end = False, True
    for at in range(0, len(array), STEP):
        piece = array[at : at + STEP]
        size = len(piece)
        ends = np.equal(piece, 10, out=is_end[:size])
        between = np.equal(piece, delimiter, out=is_delimiter[:size])
        newlines += int(np.count_nonzero(ends))
        delimiters += int(np.count_nonzero(between))
        if not may_be_blank:
            first = np.logical_or(ends, between, out=begins[:size])
            for byte in others:
                first |= np.equal(piece, byte, out=is_other[:size])
            may_be_blank = bool((is_after_end and first[0]) or (first[1:] & ends[:-1]).any())
        is_after_end = bool(ends[-1])
    return newlines, delimiters, may_be_blank


def _without(text: Any, starts: list[int], ends: list[int], dropped: Any) -> bytes:
    """Return the bytes without those from each start to its end, and without the dropped ones."""
    import numpy as np

    if len(dropped) > len(text) // MANY_DROPPED:
        is_kept = np.ones(len(text), dtype=bool)
        is_kept[dropped] = False
        for start, end in zip(starts, ends, strict=True):
            is_kept[start : end + 1] = False
        return bytes(text[is_kept])
    whole, at, pieces = memoryview(text), 0, []
    for start, end in sorted([*zip(starts, ends, strict=True), *((place, place) for place in dropped.tolist())]):
        if start >= at:  # a dropped byte may lie in a record that is left out
            pieces.append(whole[at:start])
            at = end + 1
    return b"".join((*pieces, whole[at:]))


def read_fields(
    body: bytes, dialect: Delimited, names: list[str], integers: Collection[str] = ()
) -> pl.DataFrame | None:
    """Parse records with proven boundaries by polars: some columns as integers if possible, the others as text."""
    text = dict.fromkeys(names, pl.String())
    if not body:
        return pl.DataFrame(schema=text)
    typed = {name: pl.Int64() if name in integers else pl.String() for name in names}
    for schema in (text,) if typed == text else (typed, text):
        try:
            frame = pl.read_csv(
                body,
                has_header=False,
                separator=dialect.delimiter,
                quote_char=dialect.quote if dialect.quote.encode() in body else None,
                schema=schema,
            )
        except pl.exceptions.PolarsError:
            continue
        # An integer column cannot distinguish an empty cell from a cell of spaces; text can.
        if schema is text or not any(frame[name].null_count() for name in names if name in integers):
            return frame
    return None
