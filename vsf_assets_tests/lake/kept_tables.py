"""Tables of snapshots, kept as Parquet files, so that those of different homes can be compared.

Here: writing them without what tells of the run, and their differences by EXCEPT ALL both ways. Not here: homes, and
which of their tables must be equal.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from vsf_assets.snapshots.connect import connect_current
from vsf_assets_tests.warehouses import Home

OF_THE_RUN = {
    *("loaded_at", "run_id", "first_snapshot", "published_at", "ingestion_time", "built_at"),
    "ledger_state",  # digests over times of loading
}
"""Columns that tell of the run and not of the data: its times and ids, and in which snapshot a file was first."""

Columns = list[tuple[str, str]]


def keep(home: Home, folder: Path, without: Collection[str] = ()) -> dict[str, Columns]:
    """Write each table of the current snapshot as `keep_tables` does."""
    opened = connect_current(home.settings)
    assert opened is not None
    with closing(opened[1]) as connection:
        return keep_tables(connection, folder, without)


def keep_tables(
    connection: duckdb.DuckDBPyConnection, folder: Path, without: Collection[str] = ()
) -> dict[str, Columns]:
    """Write each table of a snapshot, but for OF_THE_RUN and other columns, into a Parquet file; return the columns."""
    folder.mkdir()
    found = {}
    listed = connection.execute(
        "select table_schema || '.' || table_name, list((column_name, data_type) order by ordinal_position)"
        " from information_schema.columns where table_catalog = current_database()"
        " and table_schema in ('raw', 'marts', 'reports') group by all order by all"
    ).fetchall()
    for name, columns in listed:
        if compared := [column for column in columns if column[0] not in OF_THE_RUN.union(without)]:
            each = ", ".join(f'"{column}"' for column, _ in compared)
            connection.execute(f"copy (select {each} from {name}) to '{folder / name}.parquet'")
            found[name] = compared
    return found


def differences(one: Path, other: Path) -> Iterator[str]:
    """Yield rows that only one of two folders has in a table of the first one, or has more often."""
    with closing(duckdb.connect()) as connection:
        for file in sorted(one.iterdir()):
            for has, lacks in ((one, other), (other, one)):
                sql = f"from '{has / file.name}' except all from '{lacks / file.name}' limit 5"
                yield from (f"{file.stem}: only in {has.name}: {row}" for row in connection.execute(sql).fetchall())
