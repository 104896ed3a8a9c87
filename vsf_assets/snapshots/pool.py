"""Opens the current snapshot once per process, for many short queries in many threads.

Here: resolving the pointer by name for each reader, so that one answer sees one snapshot; closing an earlier snapshot
when its last reader has left; limits of memory, time and number of queries at once; and connections that reach no file
but those of one folder. Not here: the queries, and who may ask them (portal/data).
"""

import logging
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

_log = logging.getLogger("vsf.snapshots")

_NOTHING = "there is no snapshot yet; land files and run: vsf run (or try: vsf demo)"

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


class UnfitValueError(VsfError):
    """A value that was given to a query does not fit the column that it is compared with."""


class OutdatedSnapshotError(VsfError):
    """The snapshot lacks a table or a column that the query reads."""


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
            UnfitValueError: a value does not fit its column.
            OutdatedSnapshotError: a table or a column is missing.
        """
        import duckdb

        with self.limits.one_query(self.connection, seconds) as cursor:
            cursor.execute(f'use "{_catalog(self.name)}"')  # a cursor does not take it over from its connection
            try:
                cursor.execute(sql, dict(values or {}))
                about = cursor.description or []
                return Rows([name for name, *_ in about], [str(kind) for _, kind, *_ in about], cursor.fetchall())
            except duckdb.ConversionException as error:
                raise UnfitValueError("a value of the address does not fit its column; leave it out") from error
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                _log.error("snapshot %s does not answer a query: %s", self.name, str(error).splitlines()[0])
                raise OutdatedSnapshotError(
                    f"snapshot {self.number} was made by an earlier version of the platform; the next build mends it"
                ) from error

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
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._state: Hashable = None
        self._current: OpenSnapshot | None = None
        self._next_check = 0.0
        self._error = ""
        self._pause = 0.0 if "://" not in settings.snapshots else self._watch.seconds

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
                raise NoSnapshotError(_NOTHING)
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

    def _check(self) -> None:
        """Open another snapshot if it became the current one.

        One thread looks, and holds no lock that readers need: a bucket may hang. Others wait only if none is open.
        """
        is_open = self._current is not None
        if is_open and time.monotonic() < self._next_check:
            return
        if not self._looking.acquire(timeout=0 if is_open else PATIENCE):
            if not is_open:
                raise NoSnapshotError("the snapshot is being opened; try again in some seconds")
            return
        try:
            if self._current is None or time.monotonic() >= self._next_check:
                self._refresh()
        finally:
            self._looking.release()

    def _refresh(self) -> None:
        import duckdb

        try:
            state, snapshot = self._watch.current()
            if snapshot is None:
                raise NoSnapshotError(_NOTHING)
            if self._current is None or state != self._state:
                self._replace(state, _open(snapshot, self._limits))
        except NoSnapshotError:
            raise
        except (duckdb.Error, OSError, VsfError) as error:
            # Removed since the pointer was read, or away for a moment: the open one serves on, if there is one.
            self._next_check = time.monotonic() + self._watch.seconds
            if str(error) != self._error:
                _log.error("the current snapshot cannot be opened: %s", error)
            self._error = str(error)
            if self._current is None:
                raise NoSnapshotError("the snapshot cannot be opened at the moment; try again later") from error
        else:
            self._next_check, self._error = time.monotonic() + self._pause, ""

    def _replace(self, state: Hashable, opened: OpenSnapshot) -> None:
        with self._lock:
            earlier, self._current, self._state = self._current, opened, state
            if earlier is not None and not earlier.readers:
                earlier.connection.close()


def _open(snapshot: Snapshot, limits: QueryLimits) -> OpenSnapshot:
    published = 0.0
    if isinstance(snapshot, Path):
        with suppress(OSError):
            published = snapshot.stat().st_mtime
    return OpenSnapshot(snapshot_number(snapshot), snapshot.name, published, _connect(snapshot, limits), limits)


def _catalog(name: str) -> str:
    """Return the name of the database that a snapshot's file is attached as."""
    return name.removesuffix(".duckdb")


def _connect(snapshot: Snapshot, limits: QueryLimits) -> "DuckDBPyConnection":
    """Open a snapshot; one in a folder then reaches no other file but those of the folder for exports.

    It is attached to a database in memory, as one in a bucket is: DuckDB opens a path only once per process, so that a
    file that was put in place of one that is still open would stay unseen, with the settings of the other.
    """
    import duckdb

    if isinstance(snapshot, StoredSnapshot):
        connection = connect_snapshot(snapshot)
    else:
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        connection = duckdb.connect(config=config)
    try:
        _prepare(connection, snapshot, limits)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: "DuckDBPyConnection", snapshot: Snapshot, limits: QueryLimits) -> None:
    connection.execute(f"set memory_limit = '{limits.memory} B'")
    connection.execute(f"set threads = {THREADS}")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set max_temp_directory_size = '0B'")
    if not isinstance(snapshot, StoredSnapshot):
        file = str(snapshot).replace("'", "''")
        connection.execute(f"attach '{file}' as \"{_catalog(snapshot.name)}\" (read_only)")
        limits.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        quoted = str(limits.folder).replace("'", "''")
        connection.execute(f"set allowed_directories = ['{quoted}']")
        connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
