"""Writes the catalog of a shared lake into a DuckDB file, as a snapshot that readers open without PostgreSQL.

Here: the copy, and what it holds of each table. Not here: builds (pipeline/build.py), and attaching it
(published.py).

Runs deliver while a build reads a pinned version, so the newest version holds marts of the pinned rows beside raw rows
that came since. The copy keeps both versions: its tables are those of the newest one, and the relations of `raw` are
views over the stored tables as the pinned version has them.
"""

# ruff: noqa: S608 - the statements hold names of this module and of DuckLake's tables, and numbers

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY, load_statement, sql_text
from vsf_assets.common.errors import LockLostError, VsfError
from vsf_assets.warehouse.forms.form import STORAGE_VERSION, WRITTEN_BY_BUILDS
from vsf_assets.warehouse.forms.lake_index import EXTENSION, PLACE
from vsf_assets.warehouse.forms.published import STORED
from vsf_assets.warehouse.forms.shared_attach import closing_without_transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DELIVERED = "raw"
"""Schema of what runs deliver; in a published catalog it holds views, and STORED the tables."""

SOURCE = "shared_lake"
"""Name of the attached database."""

_COPY = "published_copy"


@dataclass(frozen=True)
class LakeSource:
    """A generation's catalog in PostgreSQL.

    Attributes:
        attach: SQL that loads the extension and attaches the database, read-only, as `shared_lake`.
        schema: schema of the generation.
        build_epoch, build_word: of the build lock, as they were taken.
    """

    attach: tuple[str, ...]
    schema: str
    build_epoch: int
    build_word: str


def write_pinned(source: LakeSource, pin: int, target: Path, data: str, relative: str | None) -> None:
    """Write a catalog with the delivered rows of a pinned version, and what the build wrote.

    Args:
        source: the catalog of the lake.
        pin: number of the pinned version.
        target: the new file.
        data: folder of the data files, or an address.
        relative: the folder as seen from the folder that the file will be in; None for an address.

    Raises:
        LockLostError: another process has the build lock; what it may have written meanwhile is not published.
        VsfError: the pinned version is not there any more.
        duckdb.Error: PostgreSQL does not answer, or the file cannot be written.
    """
    made = connect(config={**OWN_SQL_ONLY, "storage_compatibility_version": STORAGE_VERSION})
    with closing_without_transaction(made) as connection:
        connection.execute(load_statement(EXTENSION))
        for statement in source.attach:
            connection.execute(statement)
        # The extension makes the tables of its own release, empty; the place of the data files follows.
        connection.execute(f"attach 'ducklake:{sql_text(target)}' as made (data_path '{sql_text(target.parent)}/')")
        connection.execute("detach made")
        connection.execute(f"attach '{sql_text(target)}' as {_COPY}")
        connection.execute(f"use {_COPY}")
        connection.execute("begin transaction")  # for PostgreSQL one, too: all tables are read as of one moment
        sql = f"from {_answered('select epoch, word from vsf.locks where name = $$build$$')}"
        if connection.execute(sql).fetchall() != [(source.build_epoch, source.build_word)]:
            raise LockLostError("another process has taken the build lock since; nothing is published")
        head = _copy_tables(connection, source.schema, pin)
        _add_views(connection, pin, head)
        connection.execute("update ducklake_metadata set value = ? where key = 'data_path'", [f"{data}/"])
        place = f"create table {PLACE} as select ?::varchar as relative_path, ?::bigint as pinned_version"
        connection.execute(place, [relative, pin])
        connection.execute("commit")
        connection.execute("checkpoint")
        connection.execute("use memory")
        connection.execute(f"detach {_COPY}")


def _answered(query: str) -> str:
    """Return a FROM clause of what PostgreSQL answers, by the one connection of this transaction."""
    return f"postgres_query('{SOURCE}', '{sql_text(query)}')"


def _copy_tables(connection: "DuckDBPyConnection", schema: str, pin: int) -> int:
    """Copy the rows of each table of the catalog that the two versions need; return the number of the newest one."""
    newest = f"select max(snapshot_id) from {schema}.ducklake_snapshot"
    ((head,),) = connection.execute(f"from {_answered(newest)}").fetchall()
    tables = "select table_name, list(column_name) from duckdb_columns() where database_name = ? group by all"
    for table, columns in connection.execute(tables, [_COPY]).fetchall():
        rows = f"select * from {schema}.{table} as rows {_needed(schema, table, columns, pin, head)}"
        connection.execute(f"delete from {table}")
        connection.execute(f"insert into {table} by name from {_answered(rows)}")
    ((is_there, inlined),) = connection.execute(
        f"select (select count(*) from ducklake_snapshot where snapshot_id = {pin}),"
        " (select count(*) from ducklake_inlined_data_tables)"
    ).fetchall()
    if not is_there:
        raise VsfError(f"version {pin} of the lake, which the build read, is not there any more; nothing is published")
    if inlined:
        raise VsfError("the lake holds rows that are in no data file, which a snapshot cannot name")
    number: int = head
    return number


def _needed(schema: str, table: str, columns: list[str], pin: int, head: int) -> str:
    """Return the condition for the rows of a table of the catalog that one of the versions needs."""
    if table in ("ducklake_snapshot", "ducklake_snapshot_changes"):
        return f"where snapshot_id in ({pin}, {head})"
    if table == "ducklake_files_scheduled_for_deletion":
        return "where false"
    kept = f"(end_snapshot is null or (begin_snapshot <= {pin} and end_snapshot > {pin}))"
    if "end_snapshot" in columns:
        return f"where {kept}"
    if "data_file_id" in columns:
        return f"where data_file_id in (select data_file_id from {schema}.ducklake_data_file where {kept})"
    if "table_id" in columns:
        return f"where table_id is null or table_id in (select table_id from {schema}.ducklake_table where {kept})"
    return ""


def _add_views(connection: "DuckDBPyConnection", pin: int, head: int) -> None:
    """Rename the schema of delivered rows, and put views of the pinned version in its place, with the comments.

    A view names no database: it is found in that of the view itself, whatever name a reader gives it.
    """
    connection.execute(f"update ducklake_schema set schema_name = '{STORED}' where schema_name = '{DELIVERED}'")
    found = connection.execute(
        "select table_id, table_name, any_value(value) from ducklake_table as tables"
        " inner join ducklake_schema as schemas using (schema_id)"
        " left join ducklake_tag as tags on object_id = table_id and key = 'comment' and tags.end_snapshot is null"
        f" where schema_name = '{STORED}' and tables.end_snapshot is null group by all order by table_name"
    ).fetchall()
    ((next_id,),) = connection.execute(
        f"select next_catalog_id from ducklake_snapshot where snapshot_id = {head}"
    ).fetchall()
    connection.execute(
        f"insert into ducklake_schema values (?, uuid(), {head}, null, '{DELIVERED}', '{DELIVERED}/', true)", [next_id]
    )
    # What builds write belongs to the marts, and has no pinned version.
    for number, (_, name, comment) in enumerate(found, next_id + 1):
        version = "" if name in WRITTEN_BY_BUILDS else f" AT (VERSION => {pin})"
        connection.execute(
            f"insert into ducklake_view values (?, uuid(), {head}, null, ?, ?, 'duckdb', ?, '')",
            [number, next_id, name, f'SELECT * FROM {STORED}."{name}"{version}'],
        )
        if comment:
            connection.execute(f"insert into ducklake_tag values (?, {head}, null, 'comment', ?)", [number, comment])
    connection.execute(
        f"update ducklake_snapshot set next_catalog_id = ? where snapshot_id = {head}", [next_id + len(found) + 1]
    )
