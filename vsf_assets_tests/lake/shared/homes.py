"""Homes with a lake that several machines share, and what their raw tables hold.

Here: making such a home, and rows that can be compared between homes. Not here: the database (conftest.py), and a lake
of one table for tests of the guards alone (small_lake.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckdb import DuckDBPyConnection

from vsf_assets_tests.warehouses import Home

OF_THE_RUN = {"loaded_at", "run_id", "ingestion_time"}
"""Columns that tell of the run and not of the data."""


def shared_home(root: Path, database: str, lake: str, **variables: str) -> Home:
    """Return a home whose warehouse is a shared lake; the lake is not prepared."""
    return Home(root, CATALOG=database, LAKE=lake, LOCK_TAKEOVER_SECONDS="3", **variables)


@contextmanager
def reading(home: Home) -> Iterator[DuckDBPyConnection]:
    """Open the warehouse of a home for reading."""
    with home.warehouse.read("test") as connection:
        assert connection is not None, "there is no warehouse"
        yield connection


def raw_tables(home: Home) -> dict[str, list[str]]:
    """Return every raw table as sorted rows, without OF_THE_RUN."""
    with reading(home) as connection:
        listed = connection.execute(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_catalog = current_database() and table_schema = 'raw'"
            " group by 1 order by 1"
        ).fetchall()
        return {
            name: sorted(
                map(
                    repr,
                    connection.execute(
                        f"select {', '.join(c for c in columns if c not in OF_THE_RUN)} from {name}"
                    ).fetchall(),
                )
            )
            for name, columns in listed
        }
