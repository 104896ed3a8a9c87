"""Loads the chosen banners of the current snapshot, and keeps them in a file for the workers.

Here: the loader, which runs in one thread per service, so that a worker neither opens a snapshot nor waits for a store.
A failed load keeps the file as it is. Not here: the workers' side (watching.py), and the pointer (snapshots/).
"""

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from vsf_assets.banners.score_table import ScoreFileError, ScoreTable, from_bytes, table_of, to_bytes
from vsf_assets.banners.shared_files import LoaderStatus, SharedFiles, identity, write_status
from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import Snapshot, snapshot_number
from vsf_assets.snapshots.pointer_watch import PointerWatch

Log = Callable[[str], None]

_SCORES = "select campaign_id, quarter, banner_id, rule from marts.fct_campaign_scores order by 1, 2, rank"
_LONGEST_PAUSE = 30.0
"""Seconds between two attempts to load a snapshot that cannot be loaded."""


class SnapshotUnreadableError(VsfError):
    """The current snapshot cannot be opened, or holds no scores."""


def read_scores(snapshot: Snapshot, lake: str = "") -> ScoreTable:
    """Return the chosen banners of a snapshot; `lake` as in `connect_snapshot`.

    Raises:
        SnapshotUnreadableError: it does not exist, cannot be opened, or has no table of scores.
    """
    import duckdb

    if isinstance(snapshot, Path) and not snapshot.is_file():
        raise SnapshotUnreadableError(f"the current snapshot {snapshot.name} is not there")
    try:
        with closing(connect_snapshot(snapshot, lake)) as connection:
            connection.execute("set threads = 1")
            rows = connection.execute(_SCORES).fetchall()
    except duckdb.CatalogException as error:
        raise SnapshotUnreadableError(f"the snapshot {snapshot.name} has no table of scores") from error
    except (duckdb.Error, OSError, VsfError) as error:
        raise SnapshotUnreadableError(f"the snapshot {snapshot.name} cannot be read: {error}") from error
    return table_of(snapshot_number(snapshot), rows)


class Loader:
    """Looks at the pointer, loads a new snapshot, and writes the file of slots and the status.

    Args:
        settings: where the snapshots are.
        files: where slots and status go.
        log: receives a line for each event.
        clock: returns the time in seconds since 1970.
    """

    def __init__(
        self, settings: Settings, files: SharedFiles, log: Log, clock: Callable[[], float] = time.time
    ) -> None:
        self._files, self._log, self._clock = files, log, clock
        self._watch, self._lake = PointerWatch(settings), settings.lake
        self._loaded: Hashable = None
        self._table: ScoreTable | None = None
        self._written: Hashable = None
        self._tried: Hashable = None
        self._pause = 0.0
        self._next_load = 0.0
        self.status = LoaderStatus()

    @property
    def seconds(self) -> float:
        """Seconds to wait between two looks."""
        return self._watch.seconds

    def check(self) -> None:
        """Look at the pointer once; load and write what is new, and note what failed."""
        try:
            failure = self._check()
        except VsfError as error:
            failure = self._failed(error, "the current snapshot cannot be loaded")
        except OSError as error:
            failure = self._failed(error, "the place of the snapshots cannot be reached, or the disk is full")
        failed = bool(failure)
        self.status = replace(
            self.status, checked_at=self._clock(), failure=failure, failures=self.status.failures + failed
        )
        write_status(self._files, self.status)

    def _check(self) -> str:
        state, snapshot = self._watch.current()
        if snapshot is not None and state != self._loaded:
            now = time.monotonic()
            if state != self._tried:  # another snapshot does not wait for what failed before
                self._tried, self._pause = state, 0.0
            elif now < self._next_load:
                return self.status.failure
            self._pause = min(max(1.0, 2 * self._pause), _LONGEST_PAUSE)
            self._next_load = now + self._pause
            table = read_scores(snapshot, self._lake)
            self._write(table)
            self._loaded, self._table = state, table
            self._tried = None
            self.status = replace(self.status, loads=self.status.loads + 1)
            self._log(f"serving snapshot {table.snapshot} with {len(table.campaigns):,} campaigns")
        elif self._table is not None and identity(self._files.scores) != self._written:
            self._write(self._table)
        return ""

    def _write(self, table: ScoreTable) -> None:
        """Write the file, unless another service of this home has written the same."""
        content = to_bytes(table)
        file = self._files.scores
        try:
            is_there = file.read_bytes() == content
        except OSError:
            is_there = False
        if not is_there:
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(file, content)
        self._written = identity(file)

    def _failed(self, error: Exception, reason: str) -> str:
        if self.status.failure != reason:
            self._log(f"{error}; the banners of the snapshot before are served")
        return reason


def run_loader(loader: Loader, is_over: threading.Event, log: Log) -> None:
    """Look at the pointer again and again until the event is set."""
    while True:
        try:
            loader.check()
        except Exception as error:  # noqa: BLE001 - workers go on, and `/healthz` says that nothing was checked
            log(f"the loader failed: {type(error).__name__}: {error}")
        if is_over.wait(loader.seconds):
            return


def kept_table(file: Path) -> ScoreTable | None:
    """Return the last good slots of a home; None if there are none, or they are damaged."""
    try:
        return from_bytes(file.read_bytes())
    except (OSError, ScoreFileError, ValueError, KeyError, TypeError):
        return None
