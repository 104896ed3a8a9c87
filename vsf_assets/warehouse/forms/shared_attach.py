"""Attaches the lake that several machines share, and keeps what is attached for the life of the process.

Here: the statements that attach it, and one DuckDB in memory for each generation and lock. Not here: which generation
holds (warehouse/shared/control.py), and who may write (warehouse/shared/locks.py). Loading the extensions and attaching
takes half a second, so each use is a cursor of the same DuckDB.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY, load_statement, sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings, export_of_file
from vsf_assets.storage.httpfs import EXTENSION as HTTPFS
from vsf_assets.storage.httpfs import credential_statements
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms.form import DATABASE, Config
from vsf_assets.warehouse.forms.lake_index import EXTENSION as DUCKLAKE
from vsf_assets.warehouse.forms.published import is_there
from vsf_assets.warehouse.shared.fence import SESSION_SETTING
from vsf_assets.warehouse.shared.no_removal import deny_removal, removal_is_denied
from vsf_assets.warehouse.shared.postgres import PostgresError, where

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

POSTGRES = "postgres_scanner"

_Key = tuple[int, str, str, str, str, bool]
_opened: "dict[_Key, DuckDBPyConnection]" = {}
_guard = threading.Lock()
_removing: set[int] = set()
"""Processes that may remove data files."""


def keep_from_removing(settings: Settings) -> None:
    """Take the right to remove data files from this thread and those that it starts, if they are in a folder.

    DuckDB removes files in the thread that commits and in its own threads, which the first thread starts that opens it.

    Raises:
        RemovalError: the kernel cannot.
    """
    lake = Path(settings.lake)
    if os.getpid() in _removing or is_address(settings.lake) or not lake.is_dir() or removal_is_denied(lake):
        return
    deny_removal(lake, is_alone=False)


def let_this_process_remove() -> None:
    """Leave this process, which wrote to no lake before, the right to remove data files: for maintenance alone."""
    _removing.add(os.getpid())


def data_path(settings: Settings, schema: str) -> str:
    """Return the folder or the address of a generation's data files, with a slash at its end."""
    return f"{settings.lake}/g{schema.removeprefix('vsf_g')}/"


def conninfo(settings: Settings, token: str = "") -> str:
    """Return how libpq reaches the lake's database, in sessions that show a lock to its fence.

    Args:
        settings: name the database.
        token: what the sessions show; empty for nothing.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    export_of_file("PG")
    given = conninfo_to_dict(settings.lake_database).get("options") or ""
    options = f"{given} -c {SESSION_SETTING}={token}".strip() if token else given
    named = {"options": options} if options else {}
    return make_conninfo(settings.lake_database, **named)


def attach_statements(
    settings: Settings,
    schema: str,
    name: str,
    *,
    token: str = "",
    version: int | None = None,
    read_only: bool = False,
) -> tuple[str, ...]:
    """Return the SQL that loads the extensions and attaches a generation; it holds credentials, so it is for no log.

    Args:
        settings: name the database and the place of the data files.
        schema: of the generation's catalog.
        name: of the attached database.
        token: what its sessions show to the fence.
        version: the snapshot that is seen; None for the newest at each time.
        read_only: whether it is attached for reading only.
    """
    options = [
        f"metadata_schema '{schema}'",
        f"data_path '{sql_text(data_path(settings, schema))}'",
        "override_data_path true",
        *([f"snapshot_version {version}"] if version is not None else []),
        *(["read_only"] if read_only else []),
    ]
    in_bucket = is_address(settings.lake)
    return (
        *(load_statement(extension) for extension in (DUCKLAKE, POSTGRES, *([HTTPFS] if in_bucket else []))),
        *(credential_statements(settings.lake) if in_bucket else ()),
        f"attach 'ducklake:postgres:{sql_text(conninfo(settings, token))}' as \"{name}\" ({', '.join(options)})",
    )


def cursor(
    settings: Settings, config: Config, schema: str, token: str = "", read_only: bool = False
) -> "DuckDBPyConnection":
    """Return a connection to the attached generation, its current database; the caller closes it.

    Whoever may write can remove no data file afterwards.

    Raises:
        PostgresError: the database cannot be used.
        VsfError: the data files are not where the settings say.
        RemovalError: this process cannot be kept from removing data files in a folder.
    """
    if not read_only:
        keep_from_removing(settings)
    key = (os.getpid(), settings.lake_database, settings.lake, schema, token, read_only)
    with _guard:
        if key not in _opened:
            _opened[key] = _open(settings, config, schema, token, read_only)
            if not token:
                _close_other_generations(key)
        found = _opened[key].cursor()
    found.execute("set enable_progress_bar = false")
    found.execute("set TimeZone = 'UTC'")
    found.execute(f"use {DATABASE}")
    return found


def _close_other_generations(key: _Key) -> None:
    """Close the DuckDB of each other generation of a lake that shows no lock; cursors of it that are open live on.

    A process that lives long, such as a sensor's, would keep sessions with PostgreSQL for each rebuild that it saw.
    """
    process, database, lake, schema, _, _ = key
    for other in list(_opened):
        if other[:3] == (process, database, lake) and other[3] != schema and not other[4]:
            _opened.pop(other).close()


@contextmanager
def closing_without_transaction(connection: "DuckDBPyConnection") -> "Iterator[DuckDBPyConnection]":
    """Yield a connection and close it, after a rollback of the transaction that an error may have left open.

    DuckDB ends the whole process when it closes a connection in a transaction whose session with PostgreSQL was cut.
    """
    import duckdb

    try:
        yield connection
    finally:
        # There is no transaction, as a rule; or PostgreSQL has ended it with its session.
        with suppress(duckdb.Error):
            connection.rollback()
        connection.close()


def forget(settings: Settings, schema: str, token: str = "") -> None:
    """Close the DuckDB of a generation and a token; cursors of it that are open live on."""
    with _guard:
        for read_only in (False, True):
            found = _opened.pop((os.getpid(), settings.lake_database, settings.lake, schema, token, read_only), None)
            if found is not None:
                found.close()


def _open(settings: Settings, config: Config, schema: str, token: str, read_only: bool) -> "DuckDBPyConnection":
    import duckdb

    connection = connect(config={**config, **OWN_SQL_ONLY})
    try:
        for statement in attach_statements(settings, schema, DATABASE, token=token, read_only=read_only):
            connection.execute(statement)
        if is_address(settings.lake):
            # No data file is ever written to again, so what is known of one stays true.
            connection.execute("set enable_http_metadata_cache = true")
        _refuse_absent_files(connection, settings, schema)
    except duckdb.Error as error:
        connection.close()
        # The message quotes the connection string, with what its sessions show to the fence.
        reason = str(error).rpartition("FATAL:")[2].strip().splitlines()[0]
        raise PostgresError(f"{where(settings.lake_database)} cannot be attached ({reason})") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_absent_files(connection: "DuckDBPyConnection", settings: Settings, schema: str) -> None:
    """Refuse a place that holds no data file of a generation that has some: new ones would be apart from them."""
    place = data_path(settings, schema).rstrip("/")
    tables = f"__ducklake_metadata_{DATABASE}.{schema}"
    named = connection.execute(f"select 1 from {tables}.ducklake_data_file limit 1").fetchall()  # noqa: S608 - own names
    if named and not is_there(place):
        raise VsfError(
            f"VSF_LAKE={settings.lake!r} does not hold {place.rpartition('/')[2]}, the place of the data files that"
            f" {where(settings.lake_database)} names; if they were moved, name their new place by VSF_LAKE; if they are"
            " lost, run: vsf rebuild"
        )
