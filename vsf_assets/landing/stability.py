"""Decides when a file is settled: two listings that agree and no open writer, or a `.done` marker.

Here: the pure decision on looks, and the loop that waits for it. Not here: what is pending (pending.py), and how
the system is asked who writes (storage/open_writers.py).
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from vsf_assets.landing.uploads import upload_of
from vsf_assets.storage.entry import Entry

LEAST_PAUSE = 0.1
"""Seconds between two looks where a file needs no time to settle, but waits for others."""

Hold = Callable[[list[Entry], list[Entry], float], tuple[list[Entry], list[Entry]]]
"""Of stable and unsettled entries and the time of the look: both, with those moved that wait for others."""


class Lists(Protocol):
    """What lists files: the landing zone (watched_landing.py)."""

    def entries(self) -> list[Entry]:
        """Return the files that may be loaded."""


@dataclass(frozen=True)
class TimedListing:
    """What one listing showed.

    Attributes:
        at: when, in seconds of the wall clock.
        entries: path -> entry.
        since: path -> when an unbroken row of looks first showed it in this state; `at` where absent.
    """

    at: float
    entries: dict[str, Entry]
    since: dict[str, float] = field(default_factory=dict)

    def first_seen(self, path: str) -> float:
        """Return since when a path has been seen in this look's state."""
        return self.since.get(path, self.at)


def timed_listing(entries: Iterable[Entry], at: float, earlier: TimedListing | None = None) -> TimedListing:
    """Return the look made of entries; what an earlier look shows unchanged keeps its age."""
    shown = {e.path: e for e in entries}
    since = {}
    for path, entry in shown.items():
        unchanged = earlier is not None and entry.same_state(earlier.entries.get(path))
        since[path] = earlier.first_seen(path) if earlier is not None and unchanged else at
    return TimedListing(at, shown, since)


def split_settled(earlier: TimedListing, now: TimedListing, settle_seconds: float) -> tuple[list[Entry], list[Entry]]:
    """Return (stable, unsettled) entries of the later look.

    A file is stable when it has a marker, or when a look at least `settle_seconds` earlier shows
    it in the same state. With 0 seconds one look is enough.
    """
    stable: list[Entry] = []
    unsettled: list[Entry] = []
    for path, entry in now.entries.items():
        agreed = entry.same_state(earlier.entries.get(path)) and now.at - earlier.first_seen(path) >= settle_seconds
        (stable if entry.has_done or settle_seconds == 0 or agreed else unsettled).append(entry)
    return stable, unsettled


def wait_until_settled(
    store: Lists,
    wanted: Callable[[Entry], bool],
    settle_seconds: float,
    timeout: float,
    earlier: TimedListing | None = None,
    hold: Hold = lambda stable, unsettled, _: (stable, unsettled),
    hold_timeout: float = 0,
    writing: Callable[[list[Entry]], set[str]] = lambda _: set(),
) -> tuple[list[Entry], list[Entry]]:
    """Look at the store until every wanted file is stable or the time is up.

    A file that somebody has open for writing is not stable however long it rests, and is not waited for; neither
    are the other files of its upload.

    Args:
        store: the landing zone.
        wanted: which entries matter.
        settle_seconds: least time between two looks that must agree.
        timeout: seconds after which files that still change are left for the next run.
        earlier: a look taken before (a sensor's); saves the first wait where it still holds.
        hold: moves entries from the stable to the unsettled that must wait for others.
        hold_timeout: seconds that such entries may take, if that is more than `timeout`.
        writing: returns the paths of those entries that somebody has open for writing.

    Returns:
        (stable, unsettled) entries, each by path.
    """
    started = time.monotonic()
    previous = earlier or TimedListing(time.time(), {})
    while True:
        now = timed_listing((e for e in store.entries() if wanted(e)), time.time(), previous)
        settled, changing = split_settled(previous, now, settle_seconds)
        busy = writing(list(now.entries.values()))
        settled, written = without(settled, busy)
        stable, unsettled = hold(settled, [*changing, *written], now.at)
        awaited = _awaited(unsettled, busy)
        longest = max(timeout, hold_timeout) if len(awaited) > len(without(changing, busy)[0]) else timeout
        if not awaited or time.monotonic() - started > longest:
            return stable, unsettled
        previous = now
        time.sleep(settle_seconds or LEAST_PAUSE)


def without(entries: list[Entry], paths: set[str]) -> tuple[list[Entry], list[Entry]]:
    """Return (the others, those whose path is among `paths`)."""
    return [e for e in entries if e.path not in paths], [e for e in entries if e.path in paths]


def _awaited(unsettled: list[Entry], busy: set[str]) -> list[Entry]:
    """Return what may settle soon: what neither somebody has open for writing nor belongs to such an upload."""
    uploads = {upload_of(entry) for entry in unsettled if entry.path in busy} - {None}
    return [entry for entry in unsettled if entry.path not in busy and upload_of(entry) not in uploads]
