"""Opens the current snapshot once per process, for many short queries in many threads.

Here: resolving the pointer by name for each reader, so that one answer sees one snapshot; closing an earlier snapshot
when its last reader has left; limits of memory, time and number of queries at once; and connections that reach no file
but those of one folder. Not here: the queries, and who may ask them (portal/data).
"""

import threading
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import Snapshot, snapshot_number
from vsf_assets.snapshots.pointer_watch import PointerWatch
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 4
"""Queries of a process that run at the same time; others wait."""

PATIENCE = 5.0
"""Seconds that a query waits for its turn."""

THREADS = 2
"""Threads of DuckDB in a process."""

KEPT_ANSWERS = 500
"""Answers of a snapshot that a process keeps."""

KEPT_ROWS = 100
"""Rows of the largest answer that is kept; a page of a list has 50."""


class NoSnapshotError(VsfError):
    """Nothing was published yet."""


class QueryTooLargeError(VsfError):
    """The query needs more time or memory than a page may take."""


class TooManyQueriesError(VsfError):
    """Other queries take all turns."""


@dataclass(frozen=True)
class Rows:
    """What a query gave: names of the columns, DuckDB's names of their types, and the rows."""

    names: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a dictionary."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


@dataclass
class OpenSnapshot:
    """A snapshot that is open for queries.

    Attributes:
        number: of the snapshot.
        name: of its file.
        published: time of the file, seconds since 1970; 0 where it is not known.
        cache: what readers keep about it for as long as it is open, by a key of theirs.
    """

    number: int
    name: str
    published: float
    connection: "DuckDBPyConnection"
    limits: "QueryLimits"
    cache: dict[Hashable, Any] = field(default_factory=dict)
    readers: int = 0
    _answers: dict[Hashable, Rows] = field(default_factory=dict, repr=False)

    def query(self, sql: str, values: Mapping[str, Any] | None = None, seconds: float | None = None) -> Rows:
        """Return the answer to a query.

        Args:
            sql: one statement; every value that came from outside is a parameter.
            values: of its named parameters, each of which the statement uses.
            seconds: time limit; None for the usual one.

        Raises:
            QueryTooLargeError: it takes too much time or memory.
            TooManyQueriesError: others take all turns.
        """
        with self.limits.one_query(self.connection, seconds) as cursor:
            cursor.execute(sql, dict(values or {}))
            about = cursor.description or []
            return Rows([name for name, *_ in about], [str(kind) for _, kind, *_ in about], cursor.fetchall())

    def kept(self, sql: str, values: Mapping[str, Any], largest: int = KEPT_ROWS) -> Rows:
        """Return the answer to a query, and keep it if it has at most `largest` rows, since a snapshot never changes.

        Raises:
            QueryTooLargeError, TooManyQueriesError: as `query`.
        """
        key = (sql, repr(sorted(values.items())))
        found = self._answers.get(key)
        if found is None:
            found = self.query(sql, values)
            if len(found.rows) <= largest:
                while len(self._answers) >= KEPT_ANSWERS:
                    self._answers.pop(next(iter(self._answers), None), None)
                self._answers[key] = found
        return found


@dataclass(frozen=True)
class QueryLimits:
    """What queries of a process may take together.

    Attributes:
        seconds: time limit of one.
        memory: bytes of all.
        folder: the only folder that DuckDB may write to, for exports.
        turns: one for each query that may run.
    """

    seconds: float
    memory: int
    folder: Path
    turns: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    @contextmanager
    def one_query(self, connection: "DuckDBPyConnection", seconds: float | None) -> Iterator["DuckDBPyConnection"]:
        """Give a cursor for one query, which is interrupted at its time limit."""
        import duckdb

        if not self.turns.acquire(timeout=PATIENCE):
            raise TooManyQueriesError("many queries run at the moment; try again in some seconds")
        limit = seconds or self.seconds
        try:
            cursor = connection.cursor()
            timer = threading.Timer(limit, cursor.interrupt)
            timer.daemon = True
            timer.start()
            try:
                yield cursor
            except duckdb.InterruptException:
                raise QueryTooLargeError(f"the query took longer than {limit:g} s; filter by more columns") from None
            except duckdb.OutOfMemoryException:
                raise QueryTooLargeError(
                    "the query needs more memory than a page may take; filter by more columns"
                ) from None
            finally:
                timer.cancel()
                cursor.close()
        finally:
            self.turns.release()


class SnapshotPool:
    """The current snapshot of a home, open for queries."""

    def __init__(self, settings: Settings, limits: QueryLimits) -> None:
        self._watch = PointerWatch(settings)
        self._limits = limits
        self._lock = threading.Lock()
        self._state: Hashable = None
        self._current: OpenSnapshot | None = None
        self._next_check = 0.0
        self._is_folder = "://" not in settings.snapshots

    @contextmanager
    def current(self) -> Iterator[OpenSnapshot]:
        """Give the current snapshot; it stays the same for the block, whatever is published meanwhile.

        Raises:
            NoSnapshotError: nothing was published yet.
            duckdb.Error, OSError, VsfError: it cannot be opened.
        """
        with self._lock:
            found = self._resolve()
            found.readers += 1
        try:
            yield found
        finally:
            with self._lock:
                found.readers -= 1
                if found is not self._current and not found.readers:
                    found.connection.close()

    def close(self) -> None:
        """Close the snapshot; its readers have left."""
        with self._lock:
            if self._current is not None:
                self._current.connection.close()
            self._current, self._state, self._next_check = None, None, 0.0

    def _resolve(self) -> OpenSnapshot:
        now = time.monotonic()
        if self._current is None or self._is_folder or now >= self._next_check:
            self._next_check = now + self._watch.seconds
            state, snapshot = self._watch.current()
            if snapshot is None:
                raise NoSnapshotError("there is no snapshot yet; land files and run: vsf run (or try: vsf demo)")
            if self._current is None or state != self._state:
                self._replace(state, snapshot)
        if self._current is None:
            raise NoSnapshotError("there is no snapshot yet; land files and run: vsf run (or try: vsf demo)")
        return self._current

    def _replace(self, state: Hashable, snapshot: Snapshot) -> None:
        import duckdb

        try:
            connection = _connect(snapshot, self._limits)
        except (duckdb.Error, OSError):
            # Removed since the pointer was read, or away for a moment: the open one serves on, if there is one.
            if self._current is None:
                raise
            return
        earlier, self._state = self._current, state
        published = 0.0
        if isinstance(snapshot, Path):
            with suppress(OSError):
                published = snapshot.stat().st_mtime
        self._current = OpenSnapshot(snapshot_number(snapshot), snapshot.name, published, connection, self._limits)
        if earlier is not None and not earlier.readers:
            earlier.connection.close()


def _connect(snapshot: Snapshot, limits: QueryLimits) -> "DuckDBPyConnection":
    """Open a snapshot; one in a folder then reaches no other file but those of the folder for exports."""
    import duckdb

    if isinstance(snapshot, StoredSnapshot):
        connection = connect_snapshot(snapshot)
    else:
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        connection = duckdb.connect(str(snapshot), read_only=True, config=config)
    connection.execute(f"set memory_limit = '{limits.memory} B'")
    connection.execute(f"set threads = {THREADS}")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set max_temp_directory_size = '0B'")
    if not isinstance(snapshot, StoredSnapshot):
        limits.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        quoted = str(limits.folder).replace("'", "''")
        connection.execute(f"set allowed_directories = ['{quoted}']")
        connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection
