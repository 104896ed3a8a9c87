"""Reading bytes with the delimited reader, and a slow reference parser to compare it with.

Here: what the reader's unit and property tests share. The reference walks byte by byte and shares
no code with the reader; it is the rules of the parser's docstrings written a second time.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.delimited import exact_parser as records
from vsf_assets.readers.delimited import fast_parser as fastblock
from vsf_assets.readers.delimited import reader as delimited

COMMA = Delimited()
PIPE = Delimited("|", '"', "\\")
SHOWN = 8
"""Bytes shown of a line that is too long, where `small_blocks` sets a limit."""


class Bad(NamedTuple):
    """A record that is no row."""

    line: int
    anomaly: str
    text: str


class Read(NamedTuple):
    """What reading gave: (line, values...) of each row, bad records, and the number of blank lines."""

    rows: list[tuple[int | str, ...]]
    bad: list[Bad]
    blank: int


def read(data: bytes, columns: str = "a b", dialect: Delimited = COMMA) -> Read:
    """Read a file of text columns with the real reader, in landing order of lines."""
    blocks = list(delimited.DelimitedReader(io.BytesIO(data), dialect, columns.split()).blocks())
    rows = [(row[0], *("" if v is None else v for v in row[1:])) for b in blocks for row in b.frame.rows()]
    bad = [Bad(r.line, r.problem.anomaly, r.text) for b in blocks for r in b.bad]
    result = Read(sorted(rows), sorted(bad), sum(block.blank for block in blocks))
    assert sum(block.records for block in blocks) == len(rows) + len(bad) + result.blank
    return result


@contextmanager
def small_blocks(big: int, small: int, longest: int | None = None) -> Iterator[None]:
    """Let records straddle blocks: read in blocks of these sizes, with this longest record."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BIG_BLOCK", big)
        patch.setattr(delimited, "SMALL_BLOCK", small)
        if longest is not None:
            patch.setattr(delimited, "SHOWN_TEXT", SHOWN)
            for module in (delimited, fastblock, records):
                patch.setattr(module, "MAX_RECORD", longest)
        yield


def reference(data: bytes, width: int, dialect: Delimited, line: int = 1, longest: int = 2_000_000) -> Read:
    """Parse data without a header; `line` is the number of its first line."""
    result, blank, at = Read([], [], 0), 0, 0
    while at < len(data):
        end, outcome = _record(data, at, dialect, longest, width)
        raw = data[at:end]
        if raw.strip(b" \r\n" + dialect.delimiter.encode()) == b"" and outcome != "line_too_long":
            blank += 1
        elif isinstance(outcome, list):
            kind = _kind(outcome, width)
            if kind is None:
                result.rows.append((line, *(field.decode() for field in outcome)))
            else:
                result.bad.append(Bad(line, kind, _shown(raw)))
        else:
            too_long = len(raw) > longest
            result.bad.append(Bad(line, outcome, _shown(raw[:SHOWN] if too_long else raw)))
        line += raw.count(b"\n")
        at = end
    return result._replace(blank=blank)


def _shown(raw: bytes) -> str:
    if raw.endswith(b"\n"):
        raw = raw[:-1]
    while raw.endswith(b"\r"):
        raw = raw[:-1]
    return raw.decode(errors="backslashreplace").replace("\0", "\\x00")


def _kind(fields: list[bytes], width: int) -> str | None:
    if len(fields) != width:
        return "missing_fields" if len(fields) < width else "extra_fields"
    try:
        joined = b"".join(b"\n" + field for field in fields).decode()
    except UnicodeDecodeError:
        return "invalid_encoding"
    return "invalid_encoding" if "\0" in joined else None


def _line_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at] != 10:
        at += 1
    return min(at + 1, len(data))


def _record(  # noqa: C901  one state machine reads best in one piece
    data: bytes, start: int, dialect: Delimited, longest: int, width: int
) -> tuple[int, list[bytes] | str]:
    """Return the end of the record and its fields, or what is wrong with it."""
    first_line_end = _line_end(data, start)
    if first_line_end - start > longest:
        return first_line_end, "line_too_long"
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    escape = dialect.escape.encode() if dialect.escape else None
    fields: list[bytes] = []
    field, state, at, opened, escaped = b"", "start", start, start, start - 1
    while True:
        byte, following = data[at : at + 1], data[at + 1 : at + 2]
        beyond = at - start >= longest and byte != b""
        if state == "quoted":
            if byte == b"" or beyond:
                return _with_defect(data, start, opened, first_line_end, longest), "unbalanced_quote"
            if byte == escape or (escape is None and byte == quote == following):
                field, at = field + following, at + 2
                continue
            if byte == quote:
                state = "closed"
            else:
                field += byte
        elif byte in (b"", b"\n"):
            end = min(at + 1, len(data))
            if escaped >= start and len(fields) + 1 != width and (state == "closed" or end - start <= longest):
                return escaped + 1, _kind([*fields, field], width) or ""
            if end - start > longest:
                return first_line_end, "line_too_long"
            return end, [*fields, field]
        elif byte == quote and state == "start":
            state, opened = "quoted", at
        elif beyond and state != "closed":
            return first_line_end, "line_too_long"
        elif byte == b"\r" and _is_followed_by_line_end(data, at + 1):
            pass
        elif byte == delimiter:
            fields, field, state = [*fields, field], b"", "start"
            if escaped >= start and len(fields) > width:
                return escaped + 1, "extra_fields"
        elif state == "closed":
            return _with_defect(data, start, opened, first_line_end, longest), "unbalanced_quote"
        elif byte == escape:
            length = 1
            if following == b"\n" or (following == b"\r" and _is_followed_by_line_feed(data, at + 1)):
                length = data.index(b"\n", at) - at
                escaped = at + length if escaped < start else escaped
            field, at, state = field + data[at + 1 : at + 1 + length], at + 1 + length, "plain"
            continue
        else:
            field, state = field + byte, "plain"
        at += 1


def _is_followed_by_line_feed(data: bytes, at: int) -> bool:
    while data[at : at + 1] == b"\r":
        at += 1
    return data[at : at + 1] == b"\n"


def _is_followed_by_line_end(data: bytes, at: int) -> bool:
    return _is_followed_by_line_feed(data, at) or data[at:].strip(b"\r") == b""


def _with_defect(data: bytes, start: int, opened: int, first_line_end: int, longest: int) -> int:
    end = _line_end(data, opened)
    return end if end - start <= longest else first_line_end
