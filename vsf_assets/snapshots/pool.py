"""Opens the current snapshot once per process, for many short queries in many threads.

Here: resolving the pointer by name for each reader, so that one answer sees one snapshot, closing an earlier snapshot
when its last reader has left, and opening one of another number for one reader. Not here: connections
(open_snapshot.py), and limits (query_turns.py).
"""

import logging
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.snapshots.open_snapshot import (
    OpenSnapshot,
    OutdatedSnapshotError,
    Rows,
    UnfitValueError,
    open_snapshot,
)
from vsf_assets.snapshots.pointer_watch import PointerWatch
from vsf_assets.snapshots.query_turns import (
    PATIENCE,
    QueryBudget,
    QueryLimits,
    QueryTooLargeError,
    TooManyQueriesError,
)

__all__ = [
    "MissingSnapshotError",
    "NoSnapshotError",
    "NothingPublishedError",
    "OpenSnapshot",
    "OutdatedSnapshotError",
    "QueryBudget",
    "QueryLimits",
    "QueryTooLargeError",
    "Rows",
    "SnapshotPool",
    "TooManyQueriesError",
    "UnfitValueError",
]

_log = logging.getLogger("vsf.snapshots")


class NoSnapshotError(VsfError):
    """There is no snapshot that can be asked."""


class NothingPublishedError(NoSnapshotError):
    """Nothing was published yet."""

    def __init__(self) -> None:
        super().__init__("there is no snapshot yet; land files and run: vsf run (or try: vsf demo)")


class MissingSnapshotError(VsfError):
    """There is no snapshot of a number, or no more."""

    def __init__(self, number: int, newest: int) -> None:
        super().__init__(f"snapshot {number} is not there; the current one is {newest}, ask that one")


class SnapshotPool:
    """The current snapshot of a home, open for queries."""

    def __init__(self, settings: Settings, limits: QueryLimits) -> None:
        self._watch = PointerWatch(settings)
        self._settings, self._limits = settings, limits
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._state: Hashable = None
        self._current: OpenSnapshot | None = None
        self._next_check = 0.0
        self._error = ""
        self._is_bucket, self._lake = "://" in settings.snapshots, settings.lake
        self._pause = self._watch.seconds if self._is_bucket else 0.0

    @contextmanager
    def current(self) -> Iterator[OpenSnapshot]:
        """Give the current snapshot; it stays the same for the block, whatever is published meanwhile.

        Raises:
            NoSnapshotError: nothing was published yet, or it cannot be opened and no earlier one is open.
        """
        self._check()
        with self._lock:
            found = self._current
            if found is None:
                raise NothingPublishedError
            found.readers += 1
        try:
            yield found
        finally:
            with self._lock:
                found.readers -= 1
                if found is not self._current and not found.readers:
                    found.close()

    @contextmanager
    def numbered(self, number: int) -> Iterator[OpenSnapshot]:
        """Give the snapshot of a number for a block; one that is not the current one is opened for this block alone.

        Raises:
            NoSnapshotError: nothing was published yet, or it cannot be opened.
            MissingSnapshotError: it is not kept, or was never there.
        """
        import duckdb

        with self.current() as current:
            if current.number == number:
                yield current
                return
        try:
            kept = published_snapshots(self._settings)
            found = open_snapshot(kept[number], self._limits, self._lake) if number in kept else None
        except (duckdb.Error, OSError, VsfError) as error:
            raise NoSnapshotError(f"snapshot {number} cannot be opened at the moment; try again later") from error
        if found is None:
            raise MissingSnapshotError(number, current.number)
        try:
            yield found
        finally:
            found.close()

    def close(self) -> None:
        """Close the snapshot; its readers have left."""
        with self._lock:
            if self._current is not None:
                self._current.close()
            self._current, self._state, self._next_check = None, None, 0.0

    def _check(self) -> None:
        """Open another snapshot if it became the current one.

        One thread looks, and holds no lock that readers need. A bucket may hang, and its snapshot is fetched first, so
        while one is open that thread belongs to no request. Others wait only if none is open.
        """
        is_open = self._current is not None
        if is_open and time.monotonic() < self._next_check:
            return
        if not self._looking.acquire(timeout=0 if is_open else PATIENCE):
            if not is_open:
                raise NoSnapshotError("the snapshot is being opened; try again in some seconds")
            return
        if is_open and self._is_bucket:
            self._start_check()
        else:
            self._check_once()

    def _start_check(self) -> None:
        """Look in a thread of its own; errors are logged, and the open snapshot serves on."""

        def check() -> None:
            with suppress(NoSnapshotError):
                self._check_once()

        threading.Thread(target=check, name="look for a snapshot", daemon=True).start()

    def _check_once(self) -> None:
        """Look, and let the next one look; called by the thread that may."""
        try:
            if self._current is None or time.monotonic() >= self._next_check:
                self._refresh()
        finally:
            self._looking.release()

    def _refresh(self) -> None:
        import duckdb

        try:
            state, snapshot = self._watch.current()
            if snapshot is not None and (self._current is None or state != self._state):
                self._replace(state, open_snapshot(snapshot, self._limits, self._lake))
        except (duckdb.Error, OSError, VsfError) as error:
            # Removed since the pointer was read, or away for a moment: the open one serves on, if there is one.
            self._next_check = time.monotonic() + self._watch.seconds
            if str(error) != self._error:
                _log.error("the current snapshot cannot be opened: %s", error)
            self._error = str(error)
            if self._current is None:
                raise NoSnapshotError("the snapshot cannot be opened at the moment; try again later") from error
            return
        self._next_check, self._error = time.monotonic() + self._pause, ""
        if self._current is None:
            raise NothingPublishedError

    def _replace(self, state: Hashable, opened: OpenSnapshot) -> None:
        with self._lock:
            earlier, self._current, self._state = self._current, opened, state
            if earlier is not None and not earlier.readers:
                earlier.close()
