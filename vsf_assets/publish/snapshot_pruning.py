"""Decides which old snapshots are removed.

Here: the decision, on numbers and times alone. Not here: listing and removing snapshots (publish.py,
s3_snapshots.py). A reader resolves the pointer first and opens the snapshot afterwards, so one that was
current a moment ago must still be there, whatever the settings say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

READERS_GRACE = timedelta(seconds=60)
"""For so long after it was current a snapshot is kept, for readers that resolved the pointer before."""


@dataclass(frozen=True)
class Pointed:
    """What the pointer named before it changed.

    Attributes:
        number: of the snapshot it named; 0 for none.
        since: when it began to, UTC; None where that is unknown.
    """

    number: int = 0
    since: datetime | None = None


def removable(
    made: Mapping[int, datetime], current: int, before: Pointed, keep: int, older_than: datetime, now: datetime
) -> list[int]:
    """Return the numbers of the snapshots that may go, newest first.

    Args:
        made: number -> when the snapshot was made, UTC.
        current: the snapshot the pointer names now.
        before: what it named before, until this moment.
        keep: how many of the newest stay.
        older_than: younger ones stay.
        now: the time, UTC.
    """
    newest_first = sorted(made, reverse=True)
    return [
        number
        for number in newest_first[keep:]
        if number not in (current, before.number)
        and made[number] < older_than
        and _current_until(number, made, before) < now - READERS_GRACE
    ]


def _current_until(number: int, made: Mapping[int, datetime], before: Pointed) -> datetime:
    """Return a time since which a snapshot certainly was not current.

    The next one but one is made only after the next one has become current; and what the pointer named last took
    over from all before it.
    """
    later = sorted(n for n in made if n > number)
    bounds = [made[later[1]]] if len(later) > 1 else []
    if before.since is not None and number < before.number:
        bounds.append(before.since)
    return min(bounds, default=made[number])
