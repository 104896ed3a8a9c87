"""Delimited text to blocks of records with exact physical line numbers, in bounded memory.

Here: the walk over the file: header, big regular blocks, and small steps around what is not
regular. Not here: the two parsers (fastblock.py, records.py), types and contracts (checking.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from vsf_assets.feeds.feed import Delimited
from vsf_assets.ingest.fastblock import parse_block
from vsf_assets.ingest.records import (
    LOOK_AHEAD,
    MAX_RECORD,
    SHOWN_TEXT,
    Problem,
    Record,
    check_fields,
    is_blank,
    parse_record,
    show,
)
from vsf_assets.ingest.source import UnreadableError

BIG_BLOCK = 16 << 20
SMALL_BLOCK = 64 << 10
BOM = b"\xef\xbb\xbf"


class ByteSource(Protocol):
    """Where the bytes come from; `source.Source` is one."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end."""


@dataclass(frozen=True)
class BadRecord:
    """A record that could not be cut into the header's fields."""

    line: int
    problem: Problem
    column: str | None
    text: str


@dataclass
class Block:
    """Some records of the file.

    Attributes:
        frame: `_line` and the columns in the contract's order, as text or already typed.
        bad: records that are not in the frame.
        blank: empty lines.
        body: the bytes of the block, and first_line, the number of its first physical line.
    """

    frame: pl.DataFrame
    bad: list[BadRecord] = field(default_factory=list)
    blank: int = 0
    body: bytes = b""
    first_line: int = 1

    @property
    def records(self) -> int:
        """Data records of the block, blank ones too."""
        return self.frame.height + len(self.bad) + self.blank

    def texts(self, lines: list[int], dialect: Delimited) -> list[str]:
        """Return the raw text of the records that start on the given lines (ascending)."""
        import numpy as np

        newlines = np.flatnonzero(np.frombuffer(self.body, dtype=np.uint8) == 10)
        begins = np.concatenate(([0], newlines + 1))
        starts = begins[np.asarray(lines) - self.first_line].tolist()
        return [show(self.body[at : parse_record(self.body, at, dialect).end]) for at in starts]


class DelimitedReader:
    """Reads one delimited file block by block.

    Args:
        source: the decompressed bytes.
        dialect: how the file is written.
        columns: the contract's columns, in order.
        integers: whether all of them are 64-bit integers.
    """

    def __init__(self, source: ByteSource, dialect: Delimited, columns: list[str], integers: bool = False):
        self._source = source
        self._dialect = dialect
        self._columns = columns
        self._integers = integers
        self._data = b""
        self._at = 0
        self._ended = False
        self._line = 1
        self._names: list[str] = []

    def blocks(self) -> Iterator[Block]:
        """Yield the file's records.

        Raises:
            UnreadableError: the header is not the contract's, or the bytes cannot be read.
        """
        self._fill(MAX_RECORD + LOOK_AHEAD + len(BOM))
        if not self._read_header():
            return
        while self._fill(BIG_BLOCK):
            yield from self._regular(BIG_BLOCK) or self._small_steps(BIG_BLOCK)

    def _small_steps(self, size: int) -> Iterator[Block]:
        """Go over about `size` bytes in small blocks, those without a proof record by record."""
        done = 0
        while done < size and self._fill(MAX_RECORD + LOOK_AHEAD + SMALL_BLOCK):
            before = self._at
            yield from self._regular(SMALL_BLOCK) or [self._exact(SMALL_BLOCK)]
            done += max(self._at - before, 1)

    def _fill(self, size: int) -> bool:
        """Have at least `size` bytes at hand, or all there are; return whether there are any."""
        missing = size - (len(self._data) - self._at)
        if missing > 0 and not self._ended:
            more = self._source.read(missing)
            self._ended = len(more) < missing
            self._data = self._data[self._at :] + more
            self._at = 0
        return self._at < len(self._data)

    def _take(self, size: int, newlines: int) -> bytes:
        """Step over `size` bytes and return them."""
        taken = self._data[self._at : self._at + size]
        self._at += size
        self._line += newlines
        return taken

    def _regular(self, size: int) -> list[Block]:
        """Take about `size` bytes by the fast path; nothing without a proof."""
        data = self._data[self._at : self._at + size]
        if self._ended and self._at + size >= len(self._data) and not data.endswith(b"\n"):
            data += b"\n"
        parsed = parse_block(data, self._line, self._dialect, self._names, self._integers)
        if parsed is None:
            return []
        first_line = self._line
        body = self._take(min(parsed.consumed, len(data)), parsed.newlines)
        block = Block(parsed.frame.select("_line", *self._columns), body=body, first_line=first_line)
        rows: list[list[str]] = []
        lines: list[int] = []
        for line, raw in parsed.irregular:
            row = self._judge(block, line, raw, parse_record(raw, 0, self._dialect))
            if row is not None:
                rows.append(row)
                lines.append(line)
        if not rows:
            return [block]
        return [block, Block(self._frame(rows, lines), body=body, first_line=first_line)]

    def _judge(self, block: Block, line: int, raw: bytes, record: Record) -> list[str] | None:
        """Return a record's fields, or note in the block why there are none."""
        outcome = record.problem or check_fields(record.fields or [], self._names, self._dialect.delimiter)
        if is_blank(raw):
            block.blank += 1
        elif isinstance(outcome, Problem):
            at = outcome.column
            name = self._names[at] if at is not None and at < len(self._names) else None
            block.bad.append(BadRecord(line, outcome, name, show(raw)))
        else:
            return outcome
        return None

    def _exact(self, size: int) -> Block:
        """Take records one by one until about `size` bytes are used."""
        rows: list[list[str]] = []
        lines: list[int] = []
        block = Block(self._frame([], []), first_line=self._line)
        at, line, data = self._at, self._line, self._data
        stop = min(at + size, len(data))
        while at < stop:
            if data.find(b"\n", at, at + MAX_RECORD) < 0 and len(data) - at > MAX_RECORD:
                if at == self._at:
                    block.bad.append(self._skip_long_line())
                    return block
                break
            record = parse_record(data, at, self._dialect)
            raw = data[at : record.end]
            row = self._judge(block, line, raw, record)
            if row is not None:
                rows.append(row)
                lines.append(line)
            line += raw.count(b"\n")
            at = record.end
        block.body = self._take(at - self._at, line - self._line)
        block.frame = self._frame(rows, lines)
        return block

    def _frame(self, rows: list[list[str]], lines: list[int]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self._names, pl.String), orient="row")
        numbered = frame.insert_column(0, pl.Series("_line", lines, dtype=pl.Int64))
        return numbered.select("_line", *self._columns)

    def _skip_long_line(self) -> BadRecord:
        """Drop a line of any length from memory, keeping its start for the finding."""
        start, length, line = self._data[self._at : self._at + SHOWN_TEXT], 0, self._line
        while (newline := self._data.find(b"\n", self._at)) < 0 and self._at < len(self._data):
            length += len(self._take(len(self._data) - self._at, 0))
            self._fill(BIG_BLOCK)
        if newline >= 0:
            length += len(self._take(newline + 1 - self._at, 1))
        reason = (
            f"the line has {length:,} bytes; at most {MAX_RECORD:,} are read;"
            " its start is kept here, all of it in the archive"
        )
        return BadRecord(line, Problem("line_too_long", reason), None, show(start))

    def _read_header(self) -> bool:
        """Read the header; return False where the file holds nothing at all."""
        if self._data.startswith(BOM):
            self._take(len(BOM), 0)
        data = self._data[self._at :]
        if self._ended and is_blank(data):
            return False
        if data.find(b"\n", 0, MAX_RECORD) < 0 and len(data) > MAX_RECORD:
            reason = f"the first line is too long for a header; expected {','.join(self._columns)}"
            raise UnreadableError("unknown_header", reason, 1)
        record = parse_record(data, 0, self._dialect)
        raw = data[: record.end]
        names = [show(f) for f in record.fields] if record.fields else []
        if sorted(names) != sorted(self._columns):
            raise UnreadableError("unknown_header", _header_reason(names, self._columns), 1, show(raw[:SHOWN_TEXT]))
        self._names = names
        self._take(record.end, raw.count(b"\n"))
        return True


def _header_reason(names: list[str], columns: list[str]) -> str:
    """Say how the header differs from the contract's columns."""
    missing = [c for c in columns if c not in names]
    surplus = [n for n in names if n not in columns]
    doubled = sorted({n for n in names if names.count(n) > 1})
    parts = [
        f"missing {', '.join(missing)}" if missing else "",
        f"not expected {', '.join(surplus[:10])}" if surplus else "",
        f"twice {', '.join(doubled[:10])}" if doubled else "",
    ]
    return f"the header is not the contract's ({'; '.join(p for p in parts if p)}); expected {','.join(columns)}"
