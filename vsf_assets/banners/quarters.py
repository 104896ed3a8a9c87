"""Which quarter of the hour it is, in UTC.

Here: both readings of the boundary minutes, as pure functions of a time. Quarter 1 has the minutes 0 to 14 under
`next`, and 0 to 15 under `previous`, where the minutes 15, 30 and 45 belong to the quarter that ends with them. Minute
0 begins quarter 1 in both.
"""

from dataclasses import dataclass

NEXT, PREVIOUS = "next", "previous"

_STARTS = {NEXT: (0, 15, 30, 45), PREVIOUS: (0, 16, 31, 46)}
"""Setting -> first minute of each quarter."""


@dataclass(frozen=True)
class Quarter:
    """A quarter of a certain hour: its number 1 to 4, and the seconds since 1970 at which it begins and has ended."""

    number: int
    since: float
    until: float


def quarter_at(now: float, boundary: str) -> Quarter:
    """Return the quarter of a time in seconds since 1970; `boundary` is "next" or "previous"."""
    hour, seconds = divmod(now, 3600.0)
    starts = _STARTS[boundary]
    number = sum(seconds >= 60 * start for start in starts)
    ends = (*starts[1:], 60)
    begin = hour * 3600.0
    return Quarter(number, begin + 60.0 * starts[number - 1], begin + 60.0 * ends[number - 1])
