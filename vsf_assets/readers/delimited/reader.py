"""Reads delimited text in blocks, in bounded memory, with physical line numbers.

Here: the loop over the file: header, large regular blocks, and small steps around irregular records. Not here: the two
parsers (fast_parser.py, exact_parser.py), types and contracts (validation.py).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

import polars as pl

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import ByteStream, UnreadableError
from vsf_assets.readers.common.content_types import content_instead_of_delimited
from vsf_assets.readers.common.displayable_text import BOM, MAX_RECORD, SHOWN_TEXT, show
from vsf_assets.readers.delimited.block import BadRecord, Block
from vsf_assets.readers.delimited.exact_parser import LOOKAHEAD_BYTES, Problem, Record, check_fields, is_blank
from vsf_assets.readers.delimited.fast_parser import parse_block
from vsf_assets.readers.delimited.header import find_header
from vsf_assets.readers.delimited.lenient import Note, parse_tolerant, repair
from vsf_assets.readers.delimited.lenient_batch import repair_many

BIG_BLOCK = 16 << 20
SMALL_BLOCK = 64 << 10
SMALLER = 16
"""Factor by which the reader shrinks a block that has no proof before it tries again."""

MOST_IRREGULAR = 100_000
"""Largest number of irregular records of a block, since each costs memory; with more, smaller blocks are tried."""


MANY_LINES = 100
"""Number of consecutive blank lines from which they are skipped at once."""

_BLANK_LINES = re.compile(rb"(?:[ \r]*+\n)++")


class DelimitedReader:
    """Reads one delimited file block by block.

    Args:
        stream: the decompressed bytes.
        dialect: the dialect of the file.
        columns: the contract's columns, in order.
        integers: the required columns of 64-bit integers without other rules.
    """

    def __init__(self, stream: ByteStream, dialect: Delimited, columns: list[str], integers: Collection[str] = ()):
        self._stream = stream
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
            UnreadableError: the header does not match the contract, or the bytes cannot be read.
        """
        self._fill(MAX_RECORD + LOOKAHEAD_BYTES + len(BOM))
        if not self._read_header():
            return
        while self._fill(BIG_BLOCK):
            if (run := self._blank_lines()) is not None:
                yield run
                continue
            yield from self._regular(BIG_BLOCK) or self._smaller(BIG_BLOCK)

    def _smaller(self, size: int) -> Iterator[Block]:
        """Parse about `size` bytes in smaller blocks; shrink blocks without a proof again, or parse them exactly."""
        step, done = max(SMALL_BLOCK, size // SMALLER), 0
        while done < size and self._fill(MAX_RECORD + LOOKAHEAD_BYTES + step):
            before = self._at
            if (run := self._blank_lines()) is not None:
                yield run
            elif step > SMALL_BLOCK:
                yield from self._regular(step) or self._smaller(step)
            else:
                yield from self._regular(step) or [self._exact(step)]
            done += max(self._at - before, 1)

    def _blank_lines(self) -> Block | None:
        """Skip many blank lines at once; return None if there are few."""
        found = _BLANK_LINES.match(self._data, self._at)
        lines = self._data.count(b"\n", self._at, found.end()) if found else 0
        if found is None or lines < MANY_LINES:
            return None
        block = self._block()
        block.blank = lines
        self._consume(found.end() - self._at, lines)
        return block

    def _fill(self, size: int) -> bool:
        """Fill the buffer to at least `size` bytes, or to the end of the file; return whether it holds any."""
        missing = size - (len(self._data) - self._at)
        if missing > 0 and not self._ended:
            more = self._stream.read(missing)
            self._ended = len(more) < missing
            self._data = self._data[self._at :] + more
            self._at = 0
        return self._at < len(self._data)

    def _consume(self, size: int, newlines: int) -> bytes:
        """Remove `size` bytes from the buffer and return them."""
        piece = self._data[self._at : self._at + size]
        self._skip(size, newlines)
        return piece

    def _skip(self, size: int, newlines: int) -> None:
        """Remove `size` bytes from the buffer."""
        self._at += size
        self._line += newlines

    def _regular(self, size: int) -> list[Block]:
        """Parse about `size` bytes by the fast parser; return no block if there is no proof."""
        data = self._data[self._at : self._at + size]
        if self._ended and self._at + size >= len(self._data) and not data.endswith(b"\n"):
            data += b"\n"
        data = data[: data.rfind(b"\n") + 1] or data  # whole lines, so that neither parser copies them
        maximum = MOST_IRREGULAR if size > SMALL_BLOCK else None
        parsed = parse_block(data, self._line, self._dialect, self._names, self._integers, maximum)
        if parsed is None:
            return []
        block, aside = self._block(), self._block()
        block.frame = parsed.frame.select("_line", *self._columns)
        block.blank = parsed.blank
        piece = data if parsed.consumed == len(data) else data[: parsed.consumed]
        block.body = aside.body = piece
        self._skip(len(piece), parsed.newlines)
        repaired = repair_many(parsed.irregular, parsed.widths, self._dialect, self._names)
        rows: list[list[str]] = []
        lines: list[int] = []
        for line, raw in repaired.rest:
            row = self._validate_record(aside, line, raw, parse_tolerant(raw, 0, self._dialect, len(self._names)))
            if row is not None:
                rows.append(row)
                lines.append(line)
        aside.frame = pl.concat([self._frame(rows, lines), repaired.frame.select("_line", *self._columns)])
        aside.noted = repaired.notes
        aside.raws = dict(parsed.irregular)
        found = [part for part, piece in ((block, block.records), (aside, parsed.irregular)) if piece]
        block.has_more = len(found) > 1
        return found

    def _block(self) -> Block:
        """Return an empty block that begins at the current line."""
        return Block(self._frame([], []), self._names, self._dialect, first_line=self._line)

    def _validate_record(self, block: Block, line: int, raw: bytes, record: Record) -> list[str] | None:
        """Return a record's fields; if it has none, add the defect to the block and return None."""
        if is_blank(raw, self._dialect):
            block.blank += 1
            return None
        outcome = record.problem or self._texts(block, line, record.fields or [])
        if isinstance(outcome, Problem):
            at = outcome.column
            name = self._names[at] if at is not None and at < len(self._names) else None
            block.bad.append(BadRecord(line, replace(outcome, reason=outcome.reason_at(line)), name, show(raw)))
            return None
        return outcome

    def _texts(self, block: Block, line: int, fields: list[bytes]) -> list[str] | Problem:
        """Return a text for each column and note repairs in the block; or return the defect."""
        if self._dialect.tolerance is None:
            return check_fields(fields, self._names, self._dialect.delimiter)
        texts, problems = repair(fields, self._names, self._dialect)
        if problems:
            block.notes.append(Note(line, len(fields), problems))
        return texts

    def _exact(self, size: int) -> Block:
        """Parse records one by one until about `size` bytes are consumed."""
        rows: list[list[str]] = []
        lines: list[int] = []
        block = self._block()
        at, line, data = self._at, self._line, self._data
        stop = min(at + size, len(data))
        while at < stop:
            if data.find(b"\n", at, at + MAX_RECORD) < 0 and len(data) - at > MAX_RECORD:
                if at == self._at:
                    block.bad.append(self._skip_long_line())
                    return block
                break
            record = parse_tolerant(data, at, self._dialect, len(self._names))
            raw = data[at : record.end]
            row = self._validate_record(block, line, raw, record)
            if row is not None:
                rows.append(row)
                lines.append(line)
            line += raw.count(b"\n")
            at = record.end
        block.body = self._consume(at - self._at, line - self._line)
        block.frame = self._frame(rows, lines)
        return block

    def _frame(self, rows: list[list[str]], lines: list[int]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self._names, pl.String), orient="row")
        numbered = frame.insert_column(0, pl.Series("_line", lines, dtype=pl.Int64))
        return numbered.select("_line", *self._columns)

    def _skip_long_line(self) -> BadRecord:
        """Skip a line of any length in bounded memory; keep its start for the finding."""
        start, length, line = self._data[self._at : self._at + SHOWN_TEXT], 0, self._line
        while (newline := self._data.find(b"\n", self._at)) < 0 and self._at < len(self._data):
            length += len(self._consume(len(self._data) - self._at, 0))
            self._fill(BIG_BLOCK)
        if newline >= 0:
            length += len(self._consume(newline + 1 - self._at, 1))
        reason = (
            f"the line has {length:,} bytes; at most {MAX_RECORD:,} are read;"
            " its start is kept here, all of it in the archive; is a line end missing?"
        )
        return BadRecord(line, Problem("line_too_long", reason), None, show(start))

    def _read_header(self) -> bool:
        """Parse the header; return False if the file is empty."""
        if self._data.startswith(BOM):
            self._consume(len(BOM), 0)
        data = self._data[self._at :]
        if self._ended and is_blank(data, self._dialect):
            return False
        if data.find(b"\n", 0, MAX_RECORD) < 0 and len(data) > MAX_RECORD:
            content = content_instead_of_delimited(data)
            if content is not None:
                raise UnreadableError(content.anomaly, content.reason("delimited text"), 1, content.text)
            reason = f"the first line is too long for a header; expected {','.join(self._columns)}"
            raise UnreadableError("unknown_header", reason, 1)
        header = find_header(data, self._dialect, self._columns)
        self._names, self._dialect = header.names, header.dialect
        self._consume(header.end, data.count(b"\n", 0, header.end))
        return True
