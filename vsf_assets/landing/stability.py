"""Decides when a file is settled: two listings that agree and no open writer, or its sender's word.

Here: the pure decision from two listings, and the loop that lists until files are settled. Not here: which files are
pending (pending.py), and which files another process has open for writing (storage/open_writers.py).
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from vsf_assets.landing.multi_file_uploads import upload_of
from vsf_assets.storage.entry import Entry

LEAST_PAUSE = 0.1
"""Seconds between two listings at least, e.g. if a file waits for the other files of its upload."""

Hold = Callable[[list[Entry], list[Entry], float], tuple[list[Entry], list[Entry]]]
"""(stable, unsettled, time of the listing) -> (stable, unsettled); entries that wait for others become unsettled."""


class Lists(Protocol):
    """An object that lists files: the landing zone (settled_listing.py)."""

    def entries(self) -> list[Entry]:
        """Return the files that may be loaded."""


@dataclass(frozen=True)
class TimedListing:
    """A listing with its time, and for each file the time since when it has not changed.

    Attributes:
        at: time of the listing, in seconds of the wall clock.
        entries: path -> entry.
        since: path -> time of the first of the consecutive listings that show the file in this state; `at` if absent.
    """

    at: float
    entries: dict[str, Entry]
    since: dict[str, float] = field(default_factory=dict)

    def first_seen(self, path: str) -> float:
        """Return the time of the first listing that showed a path in its present state."""
        return self.since.get(path, self.at)


def timed_listing(entries: Iterable[Entry], at: float, earlier: TimedListing | None = None) -> TimedListing:
    """Return a timed listing of entries; a file that is unchanged since an earlier listing keeps its first time."""
    listed = {e.path: e for e in entries}
    since = {}
    for path, entry in listed.items():
        unchanged = earlier is not None and entry.same_state(earlier.entries.get(path))
        since[path] = earlier.first_seen(path) if earlier is not None and unchanged else at
    return TimedListing(at, listed, since)


def split_settled(earlier: TimedListing, now: TimedListing, settle_seconds: float) -> tuple[list[Entry], list[Entry]]:
    """Return (stable, unsettled) entries of the later listing.

    A file is stable if its sender declared that it is complete (a `.done` marker, `vsf land`), or if a listing at least
    `settle_seconds` earlier shows it in the same state. With 0 seconds one listing is enough.
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
    """List the store repeatedly until every wanted file is stable or the time-out is over.

    A file that a process has open for writing is never stable, and the loop does not wait for it, nor for the other
    files of its upload.

    Args:
        store: the landing zone.
        wanted: whether an entry is waited for.
        settle_seconds: minimum time between two listings that must agree.
        timeout: seconds after which files that still change are left for the next run.
        earlier: an earlier listing, for example of a sensor; saves the first wait for files that are unchanged since.
        hold: moves stable entries that must wait for others to the unsettled ones.
        hold_timeout: seconds to wait for such entries, if that is more than `timeout`.
        writing: returns the paths of those entries that a process has open for writing.

    Returns:
        (stable, unsettled) entries, both sorted by path.
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
        time.sleep(_until_next(now, awaited, settle_seconds))


def _until_next(now: TimedListing, awaited: list[Entry], settle_seconds: float) -> float:
    """Return the seconds until the first of some files may be settled."""
    waits = [settle_seconds - (now.at - now.first_seen(entry.path)) for entry in awaited]
    return max(LEAST_PAUSE, min([settle_seconds, *(wait for wait in waits if wait > 0)]))


def without(entries: list[Entry], paths: set[str]) -> tuple[list[Entry], list[Entry]]:
    """Split entries into (those whose path is not among `paths`, those whose path is)."""
    return [e for e in entries if e.path not in paths], [e for e in entries if e.path in paths]


def _awaited(unsettled: list[Entry], busy: set[str]) -> list[Entry]:
    """Return the entries that may settle soon: not open for writing, and not of an upload with such a file."""
    uploads = {upload_of(entry) for entry in unsettled if entry.path in busy} - {None}
    return [entry for entry in unsettled if entry.path not in busy and upload_of(entry) not in uploads]
