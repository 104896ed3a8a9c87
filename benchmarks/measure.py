"""Timing two sides in turns, and the table of what came out.

Here: clocks, medians, rows and their Markdown. Not here: what is measured, and any judgement
beyond "target met"; a missed target is a line in the table, never an error.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

HEADER = ("what", "ours", "reference", "ratio", "target", "met")


@dataclass
class Clock:
    """Seconds of a `timed` block, known once it is left; those of processors count every thread of this process."""

    seconds: float = 0.0
    processor_seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    """Time a block; garbage of earlier work is collected first."""
    gc.collect()
    clock = Clock()
    start, spent = time.perf_counter(), time.process_time()
    yield clock
    clock.seconds, clock.processor_seconds = time.perf_counter() - start, time.process_time() - spent


def in_turns(repeat: int, *sides: Callable[[], float], is_alternating: bool = False) -> list[list[float]]:
    """Call every side in turn (A B A B …), `repeat` times each; return their figures by side.

    A side returns its own figure, so that it can leave out what does not count. Where a side may cost the next one
    something, as on a disk, the order alternates (A B B A …).
    """
    figures: list[list[float]] = [[] for _ in sides]
    for number in range(repeat):
        turns = list(zip(sides, figures, strict=True))
        for side, kept in reversed(turns) if is_alternating and number % 2 else turns:
            kept.append(side())
    return figures


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        ours: our figures.
        reference: the figures it is compared with; empty where there are none.
        at_most: target of the ratio ours / reference, of our figure where there is no reference.
        unit: `s`, `ms` or `MB`.
    """

    what: str
    ours: list[float]
    reference: list[float] | None = None
    at_most: float | None = None
    below: bool = False
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """Median of ours by median of the reference."""
        if not self.reference:
            return None
        return statistics.median(self.ours) / statistics.median(self.reference)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_most is None:
            return None
        value = statistics.median(self.ours) if self.ratio is None else self.ratio
        return value < self.at_most or (value == self.at_most and not self.below)

    def cells(self) -> tuple[str, ...]:
        """Return the cells as text, in the order of HEADER."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        met = "" if self.met is None else ("yes" if self.met else "**no**")
        reference = self._figure(self.reference) if self.reference else ""
        return self.what, self._figure(self.ours), reference, ratio, self._target(), met

    def _figure(self, figures: list[float]) -> str:
        digits = 2 if self.unit == "s" else 0
        middle = f"{statistics.median(figures):,.{digits}f} {self.unit}"
        if len(figures) == 1:
            return middle
        return f"{middle} ({min(figures):,.{digits}f} to {max(figures):,.{digits}f})"

    def _target(self) -> str:
        if self.at_most is None:
            return ""
        sign = "<" if self.below else "≤"
        return f"{sign} {self.at_most:g} {'×' if self.reference else self.unit}"


def medians(rows: Sequence[Row]) -> str:
    """Say of how many measurements the figures of a table are."""
    fewest, most = min(len(row.ours) for row in rows), max(len(row.ours) for row in rows)
    if most == 1:
        return "once"
    return f"median of {most}" if fewest == most else f"medians of {fewest} to {most}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
