"""Decides which old snapshots are removed.

Here: the decision, from numbers and times alone. Not here: listing and removing snapshots (publish.py,
s3_snapshots.py). A reader resolves the pointer first and opens the snapshot afterwards. So a snapshot that was current
until recently must still exist, whatever the settings say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

READERS_GRACE = timedelta(seconds=60)
"""A snapshot is kept for this time after it was current, for readers that have already resolved the pointer."""


@dataclass(frozen=True)
class Pointed:
    """The snapshot that the pointer named before it changed.

    Attributes:
        number: number of that snapshot; 0 for none.
        since: when it became current, UTC; None if that is unknown.
    """

    number: int = 0
    since: datetime | None = None


def removable(
    created: Mapping[int, datetime], current: int, before: Pointed, keep: int, older_than: datetime, now: datetime
) -> list[int]:
    """Return the numbers of the snapshots that may be removed, newest first.

    Args:
        created: number -> when the snapshot was created, UTC.
        current: number of the snapshot that the pointer names now.
        before: the snapshot that it named until now.
        keep: number of newest snapshots that are kept.
        older_than: snapshots created at or after this time are kept.
        now: the time, UTC.
    """
    newest_first = sorted(created, reverse=True)
    return [
        number
        for number in newest_first[keep:]
        if number not in (current, before.number)
        and created[number] < older_than
        and _current_until(number, created, before) < now - READERS_GRACE
    ]


def _current_until(number: int, created: Mapping[int, datetime], before: Pointed) -> datetime:
    """Return a time after which a snapshot was certainly not current.

    The next snapshot but one is created only after the next one has become current. And all snapshots before
    `before.number` stopped being current at the latest when that one became current.
    """
    later = sorted(n for n in created if n > number)
    bounds = [created[later[1]]] if len(later) > 1 else []
    if before.since is not None and number < before.number:
        bounds.append(before.since)
    return min(bounds, default=created[number])
