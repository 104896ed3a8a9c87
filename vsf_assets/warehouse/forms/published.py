"""Attaches a published snapshot, whichever form of the warehouse it was published from.

Here: the statements. Not here: which snapshot (snapshots/), and writing one (publish/).
"""

from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.warehouse.forms.lake_index import PLACE, attach_statements

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_NO_DOWNLOADS = {"autoinstall_known_extensions": False}


def connect_published(file: Path, lake: str = "") -> "DuckDBPyConnection":
    """Open a published file read-only; its database is the current one, and has the stem of the file's name.

    Raises:
        duckdb.Error, OSError: it cannot be opened.
        VsfError: its data files are not there.
    """
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
        attach_published(connection, file, file.stem, lake)
        connection.execute(f'use "{file.stem}"')
    except BaseException:
        connection.close()
        raise
    return connection


def holds_own_rows(file: Path) -> bool:
    """Whether a published file needs no other one.

    Raises:
        duckdb.Error, OSError: it cannot be opened.
    """
    found = file.stat()
    return _holds_own_rows(file, found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=1024)
def _holds_own_rows(file: Path, number: int, changed: int) -> bool:  # noqa: ARG001 - they name the file's content
    with closing(connect(config=_NO_DOWNLOADS)) as connection:
        connection.execute(f"attach '{sql_text(file)}' as published (read_only)")
        return not _is_lake(connection, "published")


def _is_lake(connection: "DuckDBPyConnection", name: str) -> bool:
    """Whether an attached file is a catalog, and holds no rows itself."""
    sql = "select 1 from duckdb_tables() where database_name = ? and table_name = ?"
    return connection.execute(sql, [name, PLACE]).fetchone() is not None


def attach_published(connection: "DuckDBPyConnection", file: Path, name: str, lake: str = "") -> list[Path]:
    """Attach a published file as a database that is read only.

    Args:
        connection: it must be able to load an extension.
        file: the published file.
        name: of the database.
        lake: folder of the data files of all snapshots, by the settings; empty if unknown or none.

    Returns:
        The folders that queries read besides the file.

    Raises:
        duckdb.Error: it cannot be attached.
        VsfError: its data files are not there.
    """
    connection.execute(f"attach '{sql_text(file)}' as \"{name}\" (read_only)")
    if not _is_lake(connection, name):
        return []
    ((stored, relative),) = connection.execute(
        f"select (select value from \"{name}\".ducklake_metadata where key = 'data_path'), relative_path"  # noqa: S608
        f' from "{name}".{PLACE}'
    ).fetchall()
    connection.execute(f'detach "{name}"')
    generation = Path(stored).name
    places = [Path(lake, generation)] * bool(lake) + [file.parent / relative, Path(stored)]
    data = next((place for place in places if place.is_dir()), None)
    if data is None:
        raise VsfError(
            f"{file.name} needs the data files of its lake, which are in none of"
            f" {', '.join(str(place) for place in dict.fromkeys(places))}; restore them, or set VSF_LAKE"
        )
    for statement in attach_statements(file, data.resolve(), name, read_only=True):
        connection.execute(statement)
    return [data.resolve()]
