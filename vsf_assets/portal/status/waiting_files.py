"""Files in the landing zone that are not in the snapshot yet.

Here: one listing, kept for some seconds, and the files that an account may know of. Not here: why a file waits
(pipeline/home_status.py).
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.pending import classify_landed
from vsf_assets.snapshots.pool import OpenSnapshot
from vsf_assets.storage.factory import open_store

SECONDS = 2.0
"""How long a listing is kept."""

MOST = 2_000
"""Files that a page may name; the others are counted."""


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing zone: its feed (empty if no feed claims it), path, size in bytes, and modified time."""

    feed: str
    path: str
    size: int
    landed_at: datetime


@dataclass(frozen=True)
class Landing:
    """What lies in the landing zone and is not in the snapshot; `error` says why that is not known."""

    files: tuple[LandedFile, ...] = ()
    error: str = ""


_lock = threading.Lock()
_kept: dict[str, tuple[float, Sequence[LandedFile], str]] = {}


def waiting_files(settings: Settings, snapshot: OpenSnapshot | None) -> Landing:
    """Return the files that wait; with `keep` as the choice after loading, loaded ones are left out by the snapshot."""
    with _lock:
        until, files, error = _kept.get(settings.landing, (0.0, (), ""))
        if time.monotonic() >= until:
            files, error = _list(settings)
            _kept[settings.landing] = (time.monotonic() + SECONDS, files, error)
    if snapshot is None or settings.after_load != "keep":
        return Landing(tuple(files), error)
    known = set(snapshot.query("select feed, file_name, bytes, landed_at from reports.files").rows)
    kept = tuple(
        f for f in files if (f.feed, f.path.rpartition("/")[2], f.size, f.landed_at.replace(tzinfo=None)) not in known
    )
    return Landing(kept, error)


def _list(settings: Settings) -> tuple[Sequence[LandedFile], str]:
    try:
        entries = open_store(settings.landing).listing().entries
    except FileNotFoundError:
        return (), ""
    except (OSError, VsfError) as error:
        return (), str(error)
    queue = classify_landed(entries, ())
    found = [LandedFile(f.feed.name, f.entry.path, f.entry.size, f.landed_at) for f in queue.new]
    return sorted(found, key=lambda file: file.landed_at)[:MOST], ""


def feeds_of_calendar(names: frozenset[str]) -> list[str]:
    """Return the feeds that people deliver, of those named, in their order."""
    return [name for name, feed in all_feeds().items() if name in names and not feed.is_written_by_platform]
