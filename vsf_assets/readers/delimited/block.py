"""A block of records of a delimited file: parsed rows, malformed records, repairs.

Here: the types that the reader fills (reader.py) and the validation reads (validation.py). Not here: these two.
"""

from dataclasses import dataclass, field, replace

import polars as pl

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import show
from vsf_assets.readers.delimited.exact_parser import Problem
from vsf_assets.readers.delimited.lenient import Note, parse_tolerant


@dataclass(frozen=True)
class BadRecord:
    """A record that could not be split into the header's fields."""

    line: int
    problem: Problem
    column: str | None
    text: str


@dataclass
class Block:
    """Consecutive records of the file.

    Attributes:
        frame: `_line` and the columns in the contract's order, as text or already typed.
        header: the columns in the file's order.
        dialect: the dialect of the file.
        bad: malformed records, which are not in the frame.
        notes: repairs of single records in the frame.
        noted: repairs of many records in the frame, as a frame of notes (lenient_batch.py).
        blank: number of records that hold only delimiters and spaces.
        body: the bytes of the block.
        first_line: number of its first physical line.
        raws: physical line -> bytes, for records whose bytes are already split off.
        has_more: whether the next block holds other records of the same part of the file.
    """

    frame: pl.DataFrame
    header: list[str] = field(default_factory=list)
    dialect: Delimited | None = None
    bad: list[BadRecord] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    noted: pl.DataFrame | None = None
    blank: int = 0
    body: bytes = b""
    first_line: int = 1
    raws: dict[int, bytes] = field(default_factory=dict)
    has_more: bool = False

    @property
    def records(self) -> int:
        """Number of data records of the block, including blank ones."""
        return self.frame.height + len(self.bad) + self.blank

    def between(self, low: int, high: int | None) -> "Block":
        """Return the block with only those records that start on lines in [`low`, `high`); None: up to its end."""

        def lies(line: int) -> bool:
            return low <= line and (high is None or line < high)

        within = (pl.col("_line") >= low) & (pl.lit(value=True) if high is None else pl.col("_line") < high)
        return replace(
            self,
            frame=self._rows(low, high),
            bad=[bad for bad in self.bad if lies(bad.line)],
            notes=[note for note in self.notes if lies(note.line)],
            noted=None if self.noted is None else self.noted.filter(within),
        )

    def _rows(self, low: int, high: int | None) -> pl.DataFrame:
        lines = self.frame["_line"]
        if not lines.is_sorted():
            return self.frame.filter((lines >= low) & (lines < high if high is not None else True))
        begin = int(lines.search_sorted(low))
        end = int(lines.search_sorted(high)) if high is not None else len(lines)
        return self.frame[begin:end]  # a view; a filter would copy

    def texts(self, lines: list[int], dialect: Delimited) -> list[str]:
        """Return the raw text of the records that start on the given lines (ascending)."""
        import numpy as np

        if all(line in self.raws for line in lines):
            return [show(self.raws[line]) for line in lines]
        newlines = np.flatnonzero(np.frombuffer(self.body, dtype=np.uint8) == 10)
        begins = np.concatenate(([0], newlines + 1, [len(self.body)]))
        places = np.asarray(lines) - self.first_line
        width = len(self.frame.columns) - 1
        return [
            self._text(start, end, dialect, width)
            for start, end in zip(begins[places].tolist(), begins[places + 1].tolist(), strict=True)
        ]

    def _text(self, start: int, end: int, dialect: Delimited, width: int) -> str:
        """Return the text of the record at `start`; only a line with a quote or an escape can continue on the next."""
        line = self.body[start:end]
        if dialect.quote.encode() in line or (dialect.escape or "\0").encode() in line:
            return show(self.body[start : parse_tolerant(self.body, start, dialect, width).end])
        return show(line)
