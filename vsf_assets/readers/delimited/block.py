"""A block of records of a delimited file: parsed rows, malformed records, repairs.

Here: the types that the reader fills (reader.py) and the check reads (validation.py). Not here: either of them.
"""

from dataclasses import dataclass, field, replace

import polars as pl

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import show
from vsf_assets.readers.delimited.exact_parser import Problem
from vsf_assets.readers.delimited.lenient import Note, parse_tolerant


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
        header: the columns in the file's order, and dialect, how the file is written.
        bad: records that are not in the frame.
        notes, noted: what was forgiven of records that are; of single ones, and of many as a frame (lenient_batch.py).
        blank: records of nothing but delimiters and spaces.
        body: the bytes of the block, and first_line, the number of its first physical line.
        raws: physical line -> bytes of records that are known already.
        has_more: whether the next block holds other records of the same stretch of the file.
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
        """Data records of the block, blank ones too."""
        return self.frame.height + len(self.bad) + self.blank

    def between(self, low: int, high: int | None) -> "Block":
        """Return the block with the records only that start on lines from `low` to before `high`; None: to its end."""

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
        """Return the text of the record that starts at `start`; it goes beyond its line only if that has a quote."""
        line = self.body[start:end]
        if dialect.quote.encode() in line or (dialect.escape or "\0").encode() in line:
            return show(self.body[start : parse_tolerant(self.body, start, dialect, width).end])
        return show(line)
