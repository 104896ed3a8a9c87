"""Opens a published snapshot in a folder, whichever form of the warehouse it was published from.

Here: opening it alone, and attaching it beside others. Not here: which snapshot (snapshots/), and writing one
(publish/).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import sql_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect_published(file: Path) -> "DuckDBPyConnection":
    """Open a published file read-only, without downloads; its database is the current one.

    Raises:
        duckdb.Error, OSError: it cannot be opened.
    """
    return connect(file, read_only=True, config={"autoinstall_known_extensions": False})


def attach_published(connection: "DuckDBPyConnection", file: Path, name: str) -> list[Path]:
    """Attach a published file as a database that is read only.

    Args:
        connection: it may still open files.
        file: the published file.
        name: of the database.

    Returns:
        The folders that queries read besides the file; none, where the file holds everything.

    Raises:
        duckdb.Error: it cannot be attached.
    """
    connection.execute(f"attach '{sql_text(file)}' as \"{name}\" (read_only)")
    return []
