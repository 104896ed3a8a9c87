"""Copies chosen records of a delimited file, byte by byte, with a last column that says why each is bad.

Here: finding the records by their physical lines in one pass, in bounded memory, and reading the keys of mended ones.
Not here: which records are bad (the findings), and the text of the column (common/reason_column.py).

The copy has the header of the file and its records exactly as they are: separators, quotes, escapes, line ends and
bytes that are not text. The reason is always quoted. So a quote that a bad record leaves open ends at the reason and
cannot take in the next record.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import ByteStream
from vsf_assets.readers.common.displayable_text import BOM, MAX_RECORD
from vsf_assets.readers.common.reason_column import REASON_COLUMN, RowKey, key_in
from vsf_assets.readers.delimited.exact_parser import LOOKAHEAD_BYTES, is_blank, parse_record
from vsf_assets.readers.delimited.header import find_header
from vsf_assets.readers.delimited.lenient import parse_tolerant

STEP = 4 << 20
"""Bytes that are read at once."""

_LONGEST_KEY = 64
"""Bytes at the end of a record that hold its key."""

_WINDOW = MAX_RECORD + LOOKAHEAD_BYTES
_LINE_END = re.compile(rb"\r*\n?\Z")


class _Window:
    """A part of the file in memory: what is left of it begins at `at`, on line `line`."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream, self.is_last = stream, False
        self.data, self.at, self.line = b"", 0, 1

    @property
    def left(self) -> int:
        """Number of bytes that are in memory and not dropped."""
        return len(self.data) - self.at

    def fill(self) -> bool:
        """Hold at least one whole record, or all that is left; return whether anything is left."""
        while self.left < _WINDOW and not self.is_last:
            more = self._stream.read(STEP)
            self.is_last = len(more) < STEP
            self.data, self.at = self.data[self.at :] + more, 0
        return self.left > 0

    def drop(self, size: int) -> bytes:
        """Remove bytes from the start and return them."""
        piece = self.data[self.at : self.at + size]
        self.at += size
        self.line += piece.count(b"\n")
        return piece

    def skip_to(self, line: int) -> bool:
        """Drop what stands before a line; return whether the file has it."""
        while self.fill():
            missing = line - self.line
            if missing <= 0:
                return True
            if self.data.count(b"\n", self.at) < missing:
                self.drop(self.left)
                continue
            at = self.at - 1
            for _ in range(missing):
                at = self.data.find(b"\n", at + 1)
            self.at, self.line = at + 1, line
        return False

    def rest_of_line(self) -> Iterator[bytes]:
        """Yield and drop the bytes up to the next line end, however many they are."""
        while self.fill():
            newline = self.data.find(b"\n", self.at)
            yield self.drop(self.left if newline < 0 else newline + 1 - self.at)
            if newline >= 0:
                return


def copy_bad_records(
    stream: ByteStream, dialect: Delimited, columns: list[str], reasons: Iterable[tuple[int, str]], target: BinaryIO
) -> int:
    """Write the header and the chosen records of a file, each with its reason, and return their number.

    Args:
        stream: the decompressed bytes of the file.
        dialect: the dialect of its feed.
        columns: the contract's columns, in order.
        reasons: (physical line on which a record starts, its cell of the column), ascending.
        target: receives the copy.

    Raises:
        UnreadableError: the file has not the header of its feed, or its bytes cannot be read.
    """
    window = _Window(stream)
    window.fill()
    start = len(BOM) if window.data.startswith(BOM) else 0
    header = find_header(window.data[start:], dialect, columns)
    names, dialect = header.names, header.dialect
    has_reasons = names[-1] == REASON_COLUMN
    top = window.drop(start + header.end)
    separator, end = dialect.delimiter.encode(), _end_of(top)
    target.write(top if has_reasons else top[: len(top) - len(end)] + separator + REASON_COLUMN.encode() + end)
    last_end, count = end or b"\n", 0
    for line, reason in reasons:
        if not window.skip_to(line):
            break
        last_end = _copy(window, dialect, names, _quoted_cell(reason, dialect), last_end, target)
        count += 1
    return count


def _copy(
    window: _Window, dialect: Delimited, names: list[str], cell: bytes, usual_end: bytes, target: BinaryIO
) -> bytes:
    """Copy the record at the start of the window; return its line end."""
    record = parse_tolerant(window.data, window.at, dialect, len(names))
    is_cut = window.data.find(b"\n", window.at, record.end) < 0 and window.left >= _WINDOW
    if is_cut:  # longer than any record may be: it is one line, which is copied in pieces
        pieces = window.rest_of_line()
        held = next(pieces)
        for piece in pieces:
            target.write(held)
            held = piece
    else:
        held = window.drop(record.end - window.at)
        if names[-1] == REASON_COLUMN:
            held = without_reason(held, dialect, len(names))
    end = _end_of(held)
    target.write(held[: len(held) - len(end)] + dialect.delimiter.encode() + cell + (end or usual_end))
    return end or usual_end


def without_reason(record: bytes, dialect: Delimited, width: int) -> bytes:
    """Return a record of a file of mended rows without its last column; unchanged if it seems to have none."""
    end = _end_of(record)
    body = record[: len(record) - len(end)]
    separator = dialect.delimiter.encode()
    found = _own_cell(separator).search(body)
    if found is not None:
        return body[: found.start()] + end
    fields = parse_record(record, 0, dialect, width).fields
    if fields is None or len(fields) != width:
        return record
    at = len(body)
    while (at := body.rfind(separator, 0, at)) >= 0:
        if parse_record(body[:at] + b"\n", 0, dialect, width - 1).fields == fields[:-1]:
            return body[:at] + end
    return record


def _own_cell(separator: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a cell that this module wrote, with or without its quotes, at the end of a record."""
    return re.compile(re.escape(separator) + rb'"?line \d+: [^\r\n]*\[[0-9a-f]{12}:\d+\]"?\Z')


def _end_of(record: bytes) -> bytes:
    found = _LINE_END.search(record)
    return found.group() if found else b""


def _quoted_cell(text: str, dialect: Delimited) -> bytes:
    quote, escape = dialect.quote, dialect.escape
    if escape is None:
        return f"{quote}{text.replace(quote, quote * 2)}{quote}".encode()
    return f"{quote}{text.replace(escape, escape * 2).replace(quote, escape + quote)}{quote}".encode()


def _key_at_end(record: bytes, dialect: Delimited) -> RowKey | None:
    """Return the key at the end of a record, which may have any number of fields, or none that can be told apart."""
    tail = record[-_LONGEST_KEY:].rstrip(b" \r\n").removesuffix(dialect.quote.encode())
    return key_in(tail.decode("utf-8", "replace"))


def row_keys(stream: ByteStream, dialect: Delimited, columns: list[str]) -> Iterator[tuple[int, RowKey | None]]:
    """Yield (physical line, key in the reason) of every record of a file of mended rows; nothing without the column.

    Raises:
        UnreadableError: as `copy_bad_records`.
    """
    window = _Window(stream)
    if not window.fill():
        return
    start = len(BOM) if window.data.startswith(BOM) else 0
    if is_blank(window.data[start:], dialect):
        return
    header = find_header(window.data[start:], dialect, columns)
    if header.names[-1] != REASON_COLUMN:
        return
    window.drop(start + header.end)
    while window.fill():
        stop = len(window.data) if window.is_last else len(window.data) - _WINDOW
        while window.at <= stop and window.left:
            line = window.line
            record = parse_tolerant(window.data, window.at, header.dialect, len(header.names))
            raw = window.drop(record.end - window.at)
            if not is_blank(raw, header.dialect):
                yield line, _key_at_end(raw, header.dialect)
