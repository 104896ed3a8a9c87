"""Opens the SQLite file of the record, which several processes read and write at the same time.

Here: the tables, also those of earlier versions, waiting for other writers, and a damaged file. Not here: the rows
(run_record.py).

The file has SQLite's rollback journal and not a write-ahead log: a reader then creates no file, so that it can read on
a full disk and in the home of another user. A damaged file is renamed, and a new one is started, because no run may
fail because of its record.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from vsf_assets.common.errors import VsfError

NAME = "runs.sqlite"
WAIT_SECONDS = 20.0
"""Seconds to wait for another writer; each of them writes a few rows."""

Result = TypeVar("Result")

_TABLES = """
    create table if not exists runs (
        run_id text primary key,
        kind text not null,
        families text not null,
        started_at text not null,
        ended_at text,
        outcome text not null,
        machine text not null,
        pid integer not null,
        pid_start text not null,
        files_loaded integer not null,
        files_left integer not null,
        files_failed integer not null,
        failed_checks text not null,
        error text not null,
        snapshot integer
    );
    create index if not exists runs_by_start on runs (started_at);
    create table if not exists published_files (
        file_id integer primary key,
        first_snapshot integer,
        published_at text
    ) without rowid;
"""


class RecordError(VsfError):
    """The record of runs cannot be read or written; the message says where it is and why."""


def record_file(home: Path) -> Path:
    """Return the file of the record in a home."""
    return home / NAME


@contextmanager
def reading(home: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the record for reading; yield None if there is none. Nothing is written, also not on a full disk.

    Raises:
        RecordError: the file is damaged, or cannot be read.
    """
    file = record_file(home)
    if not file.exists():
        yield None
        return
    with _errors(file), closing(_connect(f"{file.absolute().as_uri()}?mode=ro")) as connection:
        yield connection


def write(
    home: Path, change: Callable[[sqlite3.Connection], Result], warn: Callable[[str], None] = lambda _: None
) -> Result:
    """Call a function in a transaction of the record, and return its result.

    Args:
        home: a missing file is created in it.
        change: changes rows; called again if the file turns out to be damaged.
        warn: receives a line about a damaged file, which is renamed and replaced by a new one.

    Raises:
        RecordError: the disk is full or read-only, or another process wrote for too long; nothing was written.
    """
    file = record_file(home)
    with _errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _changed(file, change)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = _set_aside(file)
            if aside is not None:
                warn(f"warning: the record of runs was damaged ({error}); it is now {aside}, and a new one was started")
            return _changed(file, change)


def _changed(file: Path, change: Callable[[sqlite3.Connection], Result]) -> Result:
    with closing(_connect(f"{file.absolute().as_uri()}?mode=rwc")) as connection:
        connection.execute("begin immediate")
        try:
            _ensure_tables(connection)
            result = change(connection)
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("rollback")
            raise
        return result


def _ensure_tables(connection: sqlite3.Connection) -> None:
    """Create missing tables, and make those anew that an earlier version made with other columns.

    Their rows are kept, but for values of columns that are no more. Early `published_files` took no file whose first
    snapshot is unknown.
    """
    wanted = _wanted_columns()
    found = {table: _columns(connection, table) for table in wanted}
    if found == wanted:
        return
    rows: dict[str, list[tuple[Any, ...]]] = {}
    shared = {table: _names(wanted[table]) & _names(found[table]) for table in wanted if found[table]}
    for table, names in shared.items():
        if found[table] != wanted[table]:
            rows[table] = connection.execute(f"select {', '.join(sorted(names))} from {table}").fetchall()  # noqa: S608
            connection.execute(f"drop table {table}")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    for table, earlier in rows.items():
        columns, marks = ", ".join(sorted(shared[table])), ", ".join("?" for _ in shared[table])
        connection.executemany(f"insert or ignore into {table} ({columns}) values ({marks})", earlier)  # noqa: S608


def _names(columns: list[tuple[Any, ...]]) -> set[str]:
    return {str(name) for name, *_ in columns}


@cache
def _wanted_columns() -> dict[str, list[tuple[Any, ...]]]:
    """Return table -> its columns, as `_columns` reads them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {name: _columns(connection, name) for name in names}


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """Return (name, type, is not null, default, place in the primary key) of each column; empty without the table."""
    sql = 'select name, type, "notnull", dflt_value, pk from pragma_table_info(?) order by cid'
    return [tuple(row) for row in connection.execute(sql, (table,))]


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, timeout=WAIT_SECONDS, isolation_level=None, uri=True)


def _set_aside(file: Path) -> Path | None:
    """Rename a damaged file and return its new path; None if another process has just replaced it."""
    with contextlib.suppress(sqlite3.DatabaseError), closing(_connect(f"{file.absolute().as_uri()}?mode=ro")) as found:
        if found.execute("pragma quick_check").fetchone() == ("ok",):
            return None
    aside = file.with_name(f"{NAME}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    file.replace(aside)
    file.with_name(f"{NAME}-journal").unlink(missing_ok=True)
    return aside


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


@contextmanager
def _errors(file: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the disk into a RecordError that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            why = f"it is damaged ({error}); move it away, and the next run starts a new one"
            raise RecordError(f"the record of runs {file}: {why}") from error
        raise RecordError(f"the record of runs {file}: {error}") from error
    except OSError as error:
        raise RecordError(f"the record of runs {file}: {error.strerror or error}") from error
