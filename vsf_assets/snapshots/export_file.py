"""Writes the tables of a snapshot that analysts read into one plain DuckDB file, which needs nothing else.

Here: copying tables with their comments, and counting them. Not here: which snapshot and which file (cli/export.py).
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot
from vsf_assets.storage.spill_folder import spill_folder
from vsf_assets.warehouse.forms.published import attach_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMAS = ("marts", "reports")
"""Schemas whose tables are written: what analysts read first, without the rows as they arrived."""
FILE_VERSION = "v1.0.0"
"""The format of the file, which is given away: the one that DuckDB 1.5 writes by itself, for readers of any version."""

_TABLES = """
    select table_schema, table_name, (select any_value(comment) from duckdb_tables() as t
        where t.database_name = table_catalog and t.schema_name = table_schema and t.table_name = i.table_name)
    from information_schema.tables as i
    where table_catalog = current_database() and list_contains(?, table_schema) order by 1, 2
"""
_COLUMNS = """
    select schema_name, table_name, column_name, comment from duckdb_columns()
    where database_name = current_database() and list_contains(?, schema_name) and comment is not null
"""


@dataclass(frozen=True)
class Exported:
    """What was written: the number of tables, and of rows of all of them."""

    tables: int
    rows: int


def export_snapshot(settings: Settings, snapshot: Snapshot, target: Path) -> Exported:
    """Write the tables of a snapshot to a file that does not exist yet.

    Args:
        settings: memory, threads, and where the data files of a lake are.
        snapshot: in a folder or in a bucket.
        target: the new file; if this fails, what is there is not whole.

    Raises:
        VsfError: the snapshot has no such tables, or a table of the file has another number of rows.
        duckdb.Error, OSError: the snapshot cannot be read, or the disk is full.
    """
    with closing(_connected(snapshot, settings.lake)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{sql_text(settings.memory_limit)}'")
        connection.execute(f"set threads = {settings.threads}")
        connection.execute(f"set temp_directory = '{sql_text(spill_folder(settings.scratch))}'")
        tables = connection.execute(_TABLES, [SCHEMAS]).fetchall()
        if not tables:
            raise VsfError(f"{snapshot.name} has no tables of {' and '.join(SCHEMAS)}; build them with: vsf run")
        version = f"(storage_version '{FILE_VERSION}')"
        connection.execute(f"attach '{sql_text(target)}' as exported {version}")
        for schema in SCHEMAS:
            connection.execute(f"create schema exported.{schema}")
        for schema, name, comment in tables:
            connection.execute(f'create table exported.{schema}."{name}" as from {schema}."{name}"')
            if comment:
                connection.execute(f"comment on table exported.{schema}.\"{name}\" is '{sql_text(comment)}'")
        for schema, name, column, comment in connection.execute(_COLUMNS, [SCHEMAS]).fetchall():
            place = f'exported.{schema}."{name}"."{column}"'
            connection.execute(f"comment on column {place} is '{sql_text(comment)}'")
        rows = _count(connection, [(schema, name) for schema, name, _ in tables], snapshot.name)
        connection.execute("checkpoint exported")
        connection.execute("detach exported")
    return Exported(len(tables), rows)


def _connected(snapshot: Snapshot, lake: str) -> "DuckDBPyConnection":
    """Open a snapshot as the current database of a connection that may write another file."""
    connection = connect(config={"autoinstall_known_extensions": False})
    file = snapshot.address if isinstance(snapshot, StoredSnapshot) else snapshot
    try:
        attach_published(connection, file, "snapshot", lake)
        connection.execute("use snapshot")
    except BaseException:
        connection.close()
        raise
    return connection


def _count(connection: "DuckDBPyConnection", tables: Sequence[tuple[str, str]], snapshot: str) -> int:
    """Return the number of all rows, after comparing each table with the snapshot's."""
    sql = " union all ".join(
        f'select {place}, (select count(*) from {schema}."{name}"), (select count(*) from exported.{schema}."{name}")'  # noqa: S608
        for place, (schema, name) in enumerate(tables)
    )
    counts = connection.execute(sql).fetchall()
    if wrong := [".".join(tables[place]) for place, own, written in counts if own != written]:
        raise VsfError(f"the file does not hold the rows of {snapshot}: {', '.join(sorted(wrong))}")
    return sum(own for _, own, _ in counts)
