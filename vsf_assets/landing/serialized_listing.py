"""Writes a listing of the landing zone as values that JSON has, for cursors of sensors, runs and commands.

Here: both directions. Not here: making a listing (settled_listing.py), and which of its files are settled
(stability.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from vsf_assets.landing.stability import TimedListing, timed_listing
from vsf_assets.storage.entry import EPOCH, Entry


def as_config(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """Return path -> [bytes, modified microseconds since 1970], for a cursor or the configuration of a run."""
    return {e.path: [e.size, (e.modified - EPOCH) // timedelta(microseconds=1)] for e in entries}


def etags_of(entries: Iterable[Entry]) -> dict[str, str]:
    """Return path -> ETag of the entries that have one; the counterpart of `as_config`."""
    return {e.path: e.etag for e in entries if e.etag}


def from_config(at: float, shown: Mapping[str, Sequence[int]], etags: Mapping[str, str]) -> TimedListing:
    """Return the listing that `as_config` and `etags_of` serialized."""
    entries = (
        Entry(path, size, EPOCH + timedelta(microseconds=modified), etag=etags.get(path, ""))
        for path, (size, modified) in shown.items()
    )
    return timed_listing(entries, at)
