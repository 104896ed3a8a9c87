"""The first snapshot that holds a file: `raw.published_files`, from which `reports.files` takes it.

Here: assigning the number before the build, the time before the copy, and the copy of both in the record of runs, from
which a rebuild takes them. Not here: publishing (publish.py), and the record (runs/).

A file has to be findable with its first snapshot in that snapshot, so the number is assigned before dbt builds the
reports. The caller holds the lock, so no other build gets the number. If this build is not published, the next one
assigns again.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.runs.published_files import PublishedFile, count_published, keep_published, read_published
from vsf_assets.runs.record_file import RecordError
from vsf_assets.warehouse.prepared_inserts import Inserts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_UNKNOWN = """
    insert into raw.published_files
    select file_id, null, null from {delivered}raw.files
    where loaded_at <= (select max(built_at) from raw.builds where build_number > 0)
        and not exists (select * from raw.published_files)
"""
"""A home of an earlier release: in which snapshot its files came first is not known."""

_ASSIGN = """
    insert into raw.published_files
    select file_id, ?, null from {delivered}raw.files where file_id not in (select file_id from raw.published_files)
"""


def assign_first_snapshot(
    connection: "DuckDBPyConnection", home: Path, number: int, newest: int, delivered: str = ""
) -> None:
    """Assign the number of the coming snapshot to the files that no published one holds.

    Args:
        connection: the warehouse, opened for writing.
        home: the home, whose record may know a newer snapshot than there is.
        number: the number that the build gets.
        newest: number of the newest stored snapshot, 0 for none.
        delivered: as in `Form.delivered`.
    """
    with suppress(RecordError):  # it is reported when it is written
        newest = max(newest, count_published(home)[1])
    connection.execute("begin transaction")
    connection.execute(_UNKNOWN.format(delivered=delivered))
    connection.execute("delete from raw.published_files where first_snapshot > ?", [newest])
    connection.execute(_ASSIGN.format(delivered=delivered), [number])
    connection.execute("commit")


def mark_published(connection: "DuckDBPyConnection", home: Path, number: int) -> list[PublishedFile]:
    """Set the time of publishing of the files whose first snapshot is the coming one, in the reports too.

    Returns:
        What the record must get once the snapshot is published: its new files, or all files if the record lacks some.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    for table in ("raw.published_files", "reports.files"):
        sql = f"update {table} set published_at = ? where first_snapshot = ?"  # noqa: S608
        connection.execute(sql, [now, number])
    sql = "select file_id, first_snapshot, published_at from raw.published_files"
    new = _published(connection.execute(f"{sql} where first_snapshot = ?", [number]).fetchall())
    try:
        known = count_published(home)[0]
    except RecordError:
        known = 0
    everything = connection.table("raw.published_files").count("*").fetchall()[0][0]
    return new if known + len(new) >= everything else _published(connection.execute(sql).fetchall())


def record_first_snapshots(home: Path, files: list[PublishedFile], warn: Callable[[str], None]) -> None:
    """Copy the first snapshots of files into the record; if that fails, `warn` receives a line."""
    try:
        if files:
            keep_published(home, files, warn)
    except RecordError as error:
        warn(f"warning: {error}. The next published snapshot writes the first snapshots of these files again")


def restore_first_snapshots(connection: "DuckDBPyConnection", home: Path, earlier: list[PublishedFile]) -> None:
    """Fill a rebuilt warehouse with what the record or the earlier warehouse knows about the files of its ledger.

    Without any of it, every file has an unknown first snapshot.

    Args:
        connection: the new warehouse, opened for writing.
        home: the home of the record.
        earlier: what the earlier warehouse knew; empty if it cannot be read.
    """
    import polars as pl

    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import polars_types

    try:
        recorded = read_published(home)
    except RecordError:
        recorded = []
    known = {file_id: (number, at) for file_id, number, at in (*earlier, *recorded)}
    if not known:
        connection.execute("insert into raw.published_files select file_id, null, null from raw.files")
        return
    rows = [(i, number, at and at.astimezone(UTC).replace(tzinfo=None)) for i, (number, at) in known.items()]
    schema = polars_types(get_table("raw.published_files"))
    Inserts(connection).add("raw.published_files", pl.DataFrame(rows, schema=schema, orient="row"))
    connection.execute("delete from raw.published_files where file_id not in (select file_id from raw.files)")


def read_first_snapshots(connection: "DuckDBPyConnection") -> list[PublishedFile]:
    """Return what a warehouse knows of published files."""
    sql = "select file_id, first_snapshot, published_at from raw.published_files"
    sql += " where published_at is not null or first_snapshot is null"
    return _published(connection.execute(sql).fetchall())


def _published(rows: list[tuple[int, int | None, datetime | None]]) -> list[PublishedFile]:
    return [(file_id, number, at.replace(tzinfo=UTC) if at else None) for file_id, number, at in rows]
