"""A snapshot that is open for many short queries in many threads.

Here: connections that reach no file but those of one folder, queries with the limits of their request, and answers
that are kept. Not here: which snapshot is the current one (pool.py), and turns and time limits (query_turns.py).
"""

import copy
import hashlib
import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.snapshots.current import Snapshot, snapshot_number
from vsf_assets.snapshots.host_copy import host_copy
from vsf_assets.snapshots.kept_answers import KeptAnswers
from vsf_assets.snapshots.query_turns import QueryBudget, QueryLimits, QueryTooLargeError
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot
from vsf_assets.warehouse.forms.published import attach_published

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

_log = logging.getLogger("vsf.snapshots")

T = TypeVar("T")

COPIES = "snapshots"
"""Folder beside that for exports, for copies of snapshots that lie in a bucket."""

KEPT_ROWS = 100
"""Rows of the largest answer that is kept; a page of a list has 50."""

RESULT_CHARACTERS = 32 * 1024 * 1024
"""Characters of the largest answer: rows are held in memory, beyond DuckDB's own limit."""

ROW_NUMBERS = 20_000_000
"""Row numbers of the largest answer of `OpenSnapshot.numbers`."""

_BATCH = 64
"""Rows that are fetched before their characters are counted; a text may have 2 MB."""

_TEXTS, _NESTED = ("VARCHAR", "BLOB"), ("STRUCT", "MAP", "UNION")


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
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass
class OpenSnapshot:
    """A snapshot that is open for queries.

    Attributes:
        number: of the snapshot.
        name: of its file.
        published: time of the file, seconds since 1970; 0 where it is not known.
        cache: what readers keep about it for as long as it is open, by a key of theirs.
        budget: what the queries of the request may take that this one is for.
    """

    number: int
    name: str
    published: float
    connection: "DuckDBPyConnection"
    limits: QueryLimits
    cache: dict[Hashable, Any] = field(default_factory=dict)
    readers: int = 0
    budget: QueryBudget = field(default_factory=QueryBudget)
    _answers: KeptAnswers = field(default_factory=KeptAnswers, repr=False)
    _idle: list["DuckDBPyConnection"] = field(default_factory=list, repr=False)

    def for_request(self, budget: QueryBudget) -> "OpenSnapshot":
        """Return the same open snapshot for the queries of one request."""
        found = copy.copy(self)
        found.budget = budget
        return found

    def query(
        self,
        sql: str,
        values: Mapping[str, Any] | None = None,
        seconds: float | None = None,
        *,
        is_export: bool = False,
    ) -> Rows:
        """Return the answer to a query.

        Args:
            sql: one statement; every value that came from outside is a parameter.
            values: of its named parameters, each of which the statement uses.
            seconds: time limit; None for what is left of the request's.
            is_export: whether it writes a file, in a turn of its own kind.

        Raises:
            QueryTooLargeError: it takes too much time or memory.
            TooManyQueriesError: others take all turns.
            UnfitValueError: a value does not fit its column.
            OutdatedSnapshotError: a table or a column is missing.
        """
        return self._run(sql, values, _fetch, seconds, is_export)

    @contextmanager
    def cursor(self, seconds: float | None = None, *, is_export: bool = False) -> Iterator["DuckDBPyConnection"]:
        """Give a cursor for the statements of one answer, which may be read row by row; raises as `query`."""
        import duckdb

        with self.limits.turn(self.budget, is_export), self._cursor() as cursor:
            try:
                with self.limits.in_time(cursor, self.budget, seconds):
                    yield cursor
            except duckdb.ConversionException as error:
                raise UnfitValueError("a value of the address does not fit its column; leave it out") from error
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                _log.error("snapshot %s does not answer a query: %s", self.name, str(error).splitlines()[0])
                raise OutdatedSnapshotError(
                    f"snapshot {self.number} was made by an earlier version of the platform; the next build mends it"
                ) from error

    def numbers(
        self, sql: str, values: Mapping[str, Any] | None = None, most: int = ROW_NUMBERS + 1
    ) -> "np.ndarray[Any, Any]":
        """Return the one column of a query, whole numbers that are never null, as an array; raises as `query`.

        Of more than `most` rows the first ones come, as DuckDB has them.
        """
        return self.arrays(sql, values, most)[0]

    def arrays(
        self, sql: str, values: Mapping[str, Any] | None = None, most: int = ROW_NUMBERS + 1
    ) -> "list[np.ndarray[Any, Any]]":
        """Return the columns of a query, whole numbers that are never null, as arrays; see `numbers`."""

        def fetch(cursor: "DuckDBPyConnection") -> "list[np.ndarray[Any, Any]]":
            found: list[np.ndarray[Any, Any]] = list(cursor.fetchnumpy().values())
            if len(found[0]) > ROW_NUMBERS:
                raise QueryTooLargeError("too many rows fit; filter by more columns")
            return found

        return self._run(f"{sql} limit {most}", values, fetch)

    def kept(self, sql: str, values: Mapping[str, Any], largest: int = KEPT_ROWS) -> Rows:
        """Return the answer to a query, and keep it if it has at most `largest` rows, since a snapshot never changes.

        Raises:
            QueryTooLargeError, TooManyQueriesError: as `query`.
        """
        key = (sql, digest_of(values))
        found: Rows | None = self._answers.get(key)
        if found is None:
            found = self.query(sql, values)
            if len(found.rows) <= largest:
                self._answers.keep(key, found)
        return found

    def kept_as(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, which names all that it depends on; make it if it is not kept."""
        found: T | None = self._answers.get(key)
        if found is None:
            found = make()
            self._answers.keep(key, found)
        return found

    def close(self) -> None:
        """Close all connections; the readers have left."""
        while self._idle:
            self._idle.pop().close()
        self.connection.close()

    def _run(
        self,
        sql: str,
        values: Mapping[str, Any] | None,
        fetch: "Callable[[DuckDBPyConnection], T]",
        seconds: float | None = None,
        is_export: bool = False,
    ) -> T:
        with self.cursor(seconds, is_export=is_export) as cursor:
            cursor.execute(sql, dict(values or {}))
            return fetch(cursor)

    @contextmanager
    def _cursor(self) -> Iterator["DuckDBPyConnection"]:
        """Give a connection of its own for a query; one whose query went well is used again."""
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self.connection.cursor()
            cursor.execute(f'use "{_catalog(self.name)}"')  # a cursor does not take it over from its connection
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        self._idle.append(cursor)


def digest_of(values: Mapping[str, Any]) -> str:
    """Return a digest of parameters, for keys of what is kept: a parameter may be long."""
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()


def _fetch(cursor: "DuckDBPyConnection") -> Rows:
    about = cursor.description or []
    names, types = [name for name, *_ in about], [str(kind) for _, kind, *_ in about]
    texts = [place for place, kind in enumerate(types) if kind in _TEXTS]
    others = [place for place, kind in enumerate(types) if kind.startswith(_NESTED) or kind.endswith("]")]
    if not texts and not others:
        return Rows(names, types, cursor.fetchall())
    rows: list[tuple[Any, ...]] = []
    characters = 0
    while batch := cursor.fetchmany(_BATCH):
        rows += batch
        columns = list(zip(*batch, strict=True))
        characters += sum(map(len, filter(None, chain.from_iterable(columns[place] for place in texts))))
        characters += sum(len(str(value)) for place in others for value in columns[place])
        if characters > RESULT_CHARACTERS:
            raise QueryTooLargeError("the rows hold very long texts; ask for fewer of them at once")
        if len(batch) < _BATCH:
            break
    return Rows(names, types, rows)


def open_snapshot(snapshot: Snapshot, limits: QueryLimits, lake: str = "") -> OpenSnapshot:
    """Open a snapshot; one in a bucket is fetched before, once for all processes of this host.

    Args:
        snapshot: in a folder or in a bucket.
        limits: what its queries may take.
        lake: folder of the data files of all snapshots, by the settings (published.attach_published).

    Raises:
        VsfError, duckdb.Error, OSError: it cannot be opened.
    """
    published = 0.0
    if isinstance(snapshot, StoredSnapshot):
        file = host_copy(snapshot, limits.folder.parent / COPIES)
    else:
        file = snapshot
        with suppress(OSError):
            published = snapshot.stat().st_mtime
    connection = _connect(file, _catalog(snapshot.name), limits, lake)
    return OpenSnapshot(snapshot_number(snapshot), snapshot.name, published, connection, limits)


def _catalog(name: str) -> str:
    """Return the name of the database that a snapshot's file is attached as."""
    return name.removesuffix(".duckdb")


def _connect(file: Path, catalog: str, limits: QueryLimits, lake: str) -> "DuckDBPyConnection":
    """Open a snapshot's file; the connection then reaches only its data files and those of the folder for exports.

    It is attached to a database in memory: DuckDB opens a path only once per process, so that a file that was put in
    place of one that is still open would stay unseen, with the settings of the other.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = connect(config=config)
    try:
        connection.execute(f"set memory_limit = '{limits.memory} B'")
        connection.execute(f"set threads = {limits.threads}")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set max_temp_directory_size = '0B'")
        limits.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        reached = [limits.folder, *attach_published(connection, file, catalog, lake)]
        folders = ", ".join(f"'{sql_text(place)}'" for place in reached)
        connection.execute(f"set allowed_directories = [{folders}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection
