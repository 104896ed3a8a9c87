"""When a file may be read: two looks that agree, or a `.done` marker.

Here: the pure decision on looks, and the loop that waits for it. Not here: what is pending
(pending.py). A look is a dictionary path -> Entry with the time it was taken.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vsf_assets.ingest.store import Entry, Store


@dataclass(frozen=True)
class Look:
    """What one listing showed, and when (seconds of a monotonic or wall clock)."""

    at: float
    entries: dict[str, Entry]


def look_at(entries: Iterable[Entry], at: float) -> Look:
    """Return the look made of entries."""
    return Look(at, {e.path: e for e in entries})


def split_settled(earlier: Look, now: Look, settle_seconds: float) -> tuple[list[Entry], list[Entry]]:
    """Return (stable, unsettled) entries of the later look.

    A file is stable when it has a marker, or when a look at least `settle_seconds` earlier shows
    it in the same state. With 0 seconds one look is enough.
    """
    old_enough = now.at - earlier.at >= settle_seconds
    stable: list[Entry] = []
    unsettled: list[Entry] = []
    for entry in now.entries.values():
        agreed = old_enough and entry.same_state(earlier.entries.get(entry.path))
        (stable if entry.has_done or settle_seconds == 0 or agreed else unsettled).append(entry)
    return stable, unsettled


def wait_until_settled(
    store: Store,
    wanted: Callable[[Entry], bool],
    settle_seconds: float,
    timeout: float,
    earlier: Look | None = None,
) -> tuple[list[Entry], list[Entry]]:
    """Look at the store until every wanted file is stable or the time is up.

    Args:
        store: the landing zone.
        wanted: which entries matter.
        settle_seconds: least time between two looks that must agree.
        timeout: seconds after which files that still change are left for the next run.
        earlier: a look taken before (a sensor's); saves the first wait where it still holds.

    Returns:
        (stable, unsettled) entries, each by path.
    """
    started = time.monotonic()
    previous = earlier or Look(time.time(), {})
    while True:
        now = look_at((e for e in store.entries() if wanted(e)), time.time())
        stable, unsettled = split_settled(previous, now, settle_seconds)
        if not unsettled or time.monotonic() - started > timeout:
            return stable, unsettled
        previous = now
        time.sleep(settle_seconds)
