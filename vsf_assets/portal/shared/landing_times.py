"""Compares the time of a landing as the portal stored it with that of the ledger.

Here: how far they may be apart, and the nearest one. Not here: what else a delivery and a row of the ledger share.

A folder says the same to both. A bucket has a clock of its own, in whole seconds; where a kill came between the end of
an upload in parts and its record, the portal has its own clock's time.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

CLOCKS_DIFFER = timedelta(seconds=5)
"""How far the two times of one landing may be apart."""

Row = TypeVar("Row")


def in_utc(moment: datetime) -> datetime:
    """Return a time without its zone, as the ledger has it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def nearest(rows: Iterable[Row], landed_at: datetime, time_of: Callable[[Row], datetime]) -> Row | None:
    """Return the row whose time is nearest to that of a landing; None if none is of the same landing."""

    def distance(row: Row) -> timedelta:
        return abs(in_utc(time_of(row)) - in_utc(landed_at))

    found = min(rows, key=distance, default=None)
    return found if found is not None and distance(found) <= CLOCKS_DIFFER else None
