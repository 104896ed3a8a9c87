"""Comments on raw tables: there from their creation, mended where they differ from the contracts, written once.

Not here: marts and reports (dbt/test_comments.py), and snapshots in a bucket (objects/test_snapshots.py).
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.contracts import all_tables
from vsf_assets.warehouse.comments import ensure_comments
from vsf_assets.warehouse.connection import ensure_tables
from vsf_assets_tests.comments import Comments, read_comments
from vsf_assets_tests.forms import changed_elsewhere, opened
from vsf_assets_tests.warehouses import Home, clicks


class Recorded:
    """A connection that keeps the first words of what it is asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self.connection, self.requested = connection, list[str]()

    def execute(self, sql: str) -> Any:
        self.requested.append(sql.split()[0])
        return self.connection.execute(sql)


def raw_comments(file: Path) -> Comments:
    with opened(file) as connection:
        return read_comments(connection, ("raw",))


def test_tables_are_made_with_comments(home: Home) -> None:
    with home.warehouse.write("test") as connection:
        found = read_comments(connection, ("raw",))
    assert [place for place, text in found.items() if not text] == []
    assert {table for table, _ in found} == set(all_tables())
    assert found["raw.conversions", None] == (
        "One row is a conversion as delivered. The key may repeat here; the models settle which row stands."
        " Key: conversion_id. References: _file_id to raw.files.file_id, click_id to raw.clicks.click_id."
    )
    assert found["raw.conversions", "_file_id"] == "Delivery the row came in (raw.files.file_id)."
    assert found["raw.events", "client_event_time"] == "When the event happened by the device's clock, UTC."
    assert found["raw.files", None] == "One row is a delivered file. Key: file_id."


def test_a_home_without_comments_gets_them_and_keeps_its_rows(home: Home) -> None:
    with home.warehouse.write("test") as connection:
        wanted = read_comments(connection, ("raw",))
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    with changed_elsewhere(home.warehouse) as connection:
        for table, column in wanted:
            what = f"table {table}" if column is None else f'column {table}."{column}"'
            connection.execute(f"comment on {what} is null")
        connection.execute("comment on column raw.clicks.click_id is 'what an earlier release said'")
        assert set(read_comments(connection, ("raw",)).values()) == {None, "what an earlier release said"}
    home.land("clicks_1_2.csv", clicks(2), minute=1)
    home.ingest()
    with home.warehouse.connect(read_only=True) as connection:
        assert read_comments(connection, ("raw",)) == wanted
    assert home.click_ids() == [1, 2]


def test_a_column_that_is_added_later_gets_its_comment(home: Home) -> None:
    with home.warehouse.write("test") as connection:
        connection.execute("alter table raw.findings drop column unlisted_records")
        ensure_tables(connection)
        found = read_comments(connection, ("raw",))
    assert (found["raw.findings", "unlisted_records"] or "").startswith("Number of them")
    assert (found["raw.findings", None] or "").startswith("One row is a finding of the ingest.")


def test_nothing_is_written_where_all_comments_stand(home: Home) -> None:
    with home.warehouse.write("test") as connection:
        recorded = Recorded(connection)
        ensure_comments(recorded, all_tables().values())  # type: ignore[arg-type]
        assert recorded.requested == ["select"]
        connection.execute("comment on column raw.files.bytes is null")
        ensure_comments(recorded, all_tables().values())  # type: ignore[arg-type]
        assert recorded.requested == ["select", "select", "begin"]


def test_comments_survive_a_process_that_ends_without_closing(home: Home) -> None:
    with home.warehouse.write("test") as connection:
        wanted = read_comments(connection, ("raw",))
    home.warehouse.file.unlink()
    code = (
        "import duckdb, os, sys; from vsf_assets.warehouse.connection import ensure_tables\n"
        "connection = duckdb.connect(sys.argv[1]); ensure_tables(connection); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(home.warehouse.file)], check=True)
    assert home.warehouse.file.with_name("warehouse.duckdb.wal").exists()
    assert raw_comments(home.warehouse.file) == wanted
