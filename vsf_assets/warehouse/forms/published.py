"""Attaches a published snapshot, whichever form of the warehouse it was published from, in a folder or in a bucket.

Here: the statements, and which relations a snapshot shows. Not here: which snapshot (snapshots/), and writing one
(publish/).
"""

from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import load_extension, sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.storage import httpfs
from vsf_assets.storage.s3_client import ObjectStoreError, is_address, s3_client
from vsf_assets.warehouse.forms.lake_index import PLACE, attach_statements

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Published = Path | str
"""A published file in a folder, or the address of one in a bucket."""

STORED = "stored_raw"
"""Schema of the stored rows of `raw` in a catalog whose `raw` holds views of an earlier version (shared_published.py).
It says nothing to people."""

RELATIONS = f"""
    select database_name, schema_name, table_name, coalesce(comment, '') as comment,
        format('"{{}}"."{{}}"', schema_name, table_name) as source
    from duckdb_tables() where not temporary and schema_name <> '{STORED}'
    union all
    select database_name, schema_name, view_name, coalesce(comment, ''), regexp_extract(sql, ' FROM (.+?);?$', 1)
    from duckdb_views() where not internal and contains(sql, ' FROM {STORED}.')
"""  # noqa: S608 - a name of this module
"""What people read of attached files. `source` is where the rows are stored: a view has no rowid, a table has one."""

COLUMNS = f"""
    select shown.database_name, shown.schema_name, shown.table_name, shown.column_name, shown.data_type,
        coalesce(shown.comment, stored.comment, '') as comment, shown.column_index
    from duckdb_columns() as shown
    left join duckdb_columns() as stored
        on shown.schema_name = 'raw' and stored.schema_name = '{STORED}'
        and stored.database_name = shown.database_name and stored.table_name = shown.table_name
        and stored.column_name = shown.column_name
    where not shown.internal and shown.schema_name <> '{STORED}'
"""  # noqa: S608 - a name of this module
"""Their columns; a view has the comments of the table that it reads."""

_NO_DOWNLOADS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def connect_published(file: Published, lake: str = "") -> "DuckDBPyConnection":
    """Open a published file read-only; its database is the current one, and has the stem of the file's name.

    Args:
        file: the file, or its address.
        lake: place of the data files of all snapshots, by the settings (attach_published).

    Raises:
        duckdb.Error, OSError: it cannot be opened.
        VsfError: its data files are not there.
    """
    name = str(file).rpartition("/")[2].removesuffix(".duckdb")
    if isinstance(file, Path):
        # A file that holds its own rows needs no second database in memory.
        connection = connect(file, read_only=True, config=_NO_DOWNLOADS)
        try:
            if not _is_lake(connection, file.stem):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    connection = connect(config=_NO_DOWNLOADS)
    try:
        attach_published(connection, file, name, lake)
        connection.execute(f'use "{name}"')
    except BaseException:
        connection.close()
        raise
    return connection


def holds_own_rows(file: Published) -> bool:
    """Whether a published file needs no other one.

    Raises:
        duckdb.Error, OSError: it cannot be opened.
    """
    if not isinstance(file, Path):
        return _holds_own_rows(file, 0, 0)  # no object is ever replaced
    found = file.stat()
    return _holds_own_rows(file, found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=1024)
def _holds_own_rows(file: Published, number: int, changed: int) -> bool:  # noqa: ARG001 - they name the file's content
    with closing(connect(config=_NO_DOWNLOADS)) as connection:
        _attach_file(connection, file, "published")
        return not _is_lake(connection, "published")


@dataclass(frozen=True)
class KeptSnapshot:
    """What a published catalog needs of a lake.

    Attributes:
        generation: name of the folder of its data files, e.g. `g3`.
        files: names of its data files, without folders: no two of them are the same in a lake.
        pinned: number of the version that its build read; None in one of a lake on one machine.
        pinned_at: time of that version by PostgreSQL's clock, microseconds since 1970.
    """

    generation: str
    files: frozenset[str]
    pinned: int | None = None
    pinned_at: int = 0


def needed_by(file: Published) -> KeptSnapshot | None:
    """Return what a published file needs of a lake; None if it holds its rows itself.

    Raises:
        VsfError: it cannot be read.
    """
    import duckdb

    try:
        with closing(connect(config=_NO_DOWNLOADS)) as connection:
            _attach_file(connection, file, "kept")
            if not _is_lake(connection, "kept"):
                return None
            connection.execute("use kept")
            ((data,),) = connection.execute("select value from ducklake_metadata where key = 'data_path'").fetchall()
            found = connection.execute(
                "select regexp_extract(path, '[^/]*$') from ducklake_data_file"
                " union all select regexp_extract(path, '[^/]*$') from ducklake_delete_file"
            ).fetchall()
            needed = KeptSnapshot(data.rstrip("/").rpartition("/")[2], frozenset(name for (name,) in found))
            columns = connection.execute(f"select * from {PLACE} limit 0").description or []  # noqa: S608
            if "pinned_version" not in [name for name, *_ in columns]:
                return needed
            ((version, at),) = connection.execute(
                f"select snapshot_id, epoch_us(snapshot_time) from {PLACE}"  # noqa: S608 - a name of the project
                " inner join ducklake_snapshot on snapshot_id = pinned_version"
            ).fetchall()
            return replace(needed, pinned=version, pinned_at=at)
    except (duckdb.Error, OSError, ValueError) as error:
        raise VsfError(
            f"{file} cannot be read, so nobody knows which data files it needs ({error}); restore it, or remove it"
        ) from error


def _is_lake(connection: "DuckDBPyConnection", name: str) -> bool:
    """Whether an attached file is a catalog, and holds no rows itself."""
    sql = "select 1 from duckdb_tables() where database_name = ? and table_name = ?"
    return connection.execute(sql, [name, PLACE]).fetchone() is not None


def _attach_file(connection: "DuckDBPyConnection", file: Published, name: str) -> None:
    import duckdb

    if isinstance(file, Path):
        connection.execute(f"attach '{sql_text(file)}' as \"{name}\" (read_only)")
        return
    _reach(connection, file)
    try:
        connection.execute(f"attach '{sql_text(file)}' as \"{name}\" (read_only)")
    except duckdb.Error as error:
        raise ObjectStoreError(f"{file} at {s3_client().meta.endpoint_url} cannot be opened: {error}") from error


def _reach(connection: "DuckDBPyConnection", address: str) -> None:
    """Let a connection read a bucket."""
    load_extension(connection, httpfs.EXTENSION)
    httpfs.give_credentials(connection, address)


def attach_published(connection: "DuckDBPyConnection", file: Published, name: str, lake: str = "") -> list[str]:
    """Attach a published file as a database that is read only.

    Args:
        connection: it must be able to load an extension.
        file: the published file, or its address.
        name: of the database.
        lake: folder or address of the data files of all snapshots, by the settings; empty if unknown or none.

    Returns:
        The folders and addresses that queries read besides the file.

    Raises:
        duckdb.Error, ObjectStoreError: it cannot be attached.
        VsfError: its data files are not there.
    """
    _attach_file(connection, file, name)
    if not _is_lake(connection, name):
        return []
    ((stored, relative),) = connection.execute(
        f"select (select value from \"{name}\".ducklake_metadata where key = 'data_path'), relative_path"  # noqa: S608
        f' from "{name}".{PLACE}'
    ).fetchall()
    connection.execute(f'detach "{name}"')
    stored = stored.rstrip("/")
    places = [f"{lake}/{stored.rpartition('/')[2]}"] * bool(lake)
    if relative and isinstance(file, Path):
        places.append(str((file.parent / relative).resolve()))
    places.append(stored)
    data = next((place for place in places if is_there(place)), None)
    if data is None:
        file_name = str(file).rpartition("/")[2]
        raise VsfError(
            f"{file_name} needs the data files of its lake, which are in none of {', '.join(dict.fromkeys(places))};"
            " restore them, or set VSF_LAKE"
        )
    if is_address(data):
        _reach(connection, data)
    for statement in attach_statements(file, data, name, read_only=True):
        connection.execute(statement)
    return [data]


def is_there(place: str) -> bool:
    """Whether a folder is there, or whether a bucket holds anything under an address."""
    if not is_address(place):
        return Path(place).is_dir()
    from vsf_assets.storage.s3 import ObjectStore

    return ObjectStore(place).holds_anything()
