"""Decides which old snapshots are removed.

Here: the decision, from numbers, times and sizes alone. Not here: listing and removing snapshots (old_snapshots.py).
A reader resolves the pointer first and opens the snapshot afterwards. So a snapshot that was current until recently
must still exist, whatever the settings say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

READERS_GRACE = timedelta(seconds=60)
"""A snapshot is kept for this time after it was current, for readers that have already resolved the pointer."""


@dataclass(frozen=True)
class Pointed:
    """The snapshot that the pointer names, or named before it changed.

    Attributes:
        number: number of that snapshot; 0 for none.
        since: when it became current, UTC; None if that is unknown.
    """

    number: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Stored:
    """A stored snapshot.

    Attributes:
        created: when it was created, UTC.
        size: bytes.
    """

    created: datetime
    size: int = 0


@dataclass(frozen=True)
class SnapshotLimits:
    """What is kept.

    Attributes:
        newest: number of newest snapshots that are kept.
        hours: of the older ones, the last of each hour is kept for so many hours.
        size: bytes of all snapshots; above it the oldest are removed, also those that the other limits keep.
    """

    newest: int
    hours: float
    size: int


def removable(
    stored: Mapping[int, Stored], current: int, before: Pointed, limits: SnapshotLimits, now: datetime
) -> list[int]:
    """Return the numbers of the snapshots that may be removed, newest first.

    Never among them: the current snapshot, the one before it, one that was current within `READERS_GRACE`, and one that
    is newer than the current one, because another process is about to publish it.

    Args:
        stored: number -> the snapshot.
        current: number of the snapshot that the pointer names now.
        before: the snapshot that it named until now; the current one if the pointer did not change.
        limits: what is kept.
        now: the time, UTC.
    """
    created = {number: snapshot.created for number, snapshot in stored.items()}
    published = sorted((number for number in stored if number <= current), reverse=True)
    protected = {
        number
        for number in published
        if number in (current, before.number) or _current_until(number, created, before) >= now - READERS_GRACE
    }
    protected.update(number for number in stored if number > current)
    wanted = protected.union(published[: limits.newest], _last_of_each_hour(published, created, limits.hours, now))
    size = sum(stored[number].size for number in wanted)
    for number in sorted(wanted - protected):
        if size <= limits.size:
            break
        wanted.remove(number)
        size -= stored[number].size
    return [number for number in published if number not in wanted]


def _last_of_each_hour(
    newest_first: list[int], created: Mapping[int, datetime], hours: float, now: datetime
) -> set[int]:
    """Return the newest snapshot of each clock hour, of those that are at most so many hours old."""
    last: dict[datetime, int] = {}
    for number in newest_first:
        if (now - created[number]).total_seconds() <= hours * 3600:
            last.setdefault(created[number].replace(minute=0, second=0, microsecond=0), number)
    return set(last.values())


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
