"""The data point report of many columns: what is fetched for it, and in which order it tells.

Not here: the report through the command line (cli/test_datasets.py).
"""

from typing import Any

import duckdb
import pytest

from vsf_assets.reports.datapoints import FIELDS, datapoint_report
from vsf_assets.reports.dataset_rows import DatasetRows

COLUMNS = 6_000


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """Columns 0 to 5,999 of a dataset; column n stands for the data point n % 3, of the owner n % 2."""
    found = duckdb.connect()
    found.execute("create schema marts")
    found.execute(
        "create table marts.dim_dataset_versions as"
        " select 'x' as dataset, 1 as version, true as is_current, true as is_complete"
    )
    found.execute(
        "create table marts.dim_namespaces as select 'k' as namespace_key, 'n' as namespace_id,"
        " 'N' as namespace_option_name"
    )
    fields = ", ".join(f"'{name}' || i as {name}" for name in FIELDS)
    found.execute(
        f"create table marts.dim_datapoints as select 'p' || i as datapoint_key, 'dp-' || i as data_point_id, {fields}"
        ", 'P' as data_point_name, 9 - i as line_number from range(3) as t(i)"
    )
    found.execute(
        "create table marts.fct_dataset_columns as select 'x' as dataset, 1 as version, 'k' as namespace_key,"
        " 'p' || i % 3 as datapoint_key, 'n' as namespace_id, 'd' as dataset_database_name, 't' as dataset_table_name,"
        " 'c' || i as dataset_column_name, 'dp-' || i % 3 as data_point_id, 'O ' || i % 2 as dataset_owner_name,"
        f" {COLUMNS} - i as line_number from range({COLUMNS}) as t(i)"
    )
    return found


class Counting:
    """A connection that counts the rows that are fetched."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self.connection = connection
        self.fetched = 0

    def execute(self, sql: str, values: Any) -> "Counting":
        self.connection.execute(sql, values)
        return self

    def fetchall(self) -> list[Any]:
        rows = self.connection.fetchall()
        self.fetched += len(rows)
        return rows


def test_a_data_point_is_fetched_once_for_its_place_and_not_for_each_column(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    counting = Counting(connection)
    report, count = datapoint_report(counting, DatasetRows("x", None, {}))  # type: ignore[arg-type]
    assert count == 3
    assert counting.fetched == 1 + 2 * 3  # the version, and the data points of two owners
    reported = {
        owner: [list(entry) for entry in namespaces["n"]["databases"][0]["d"]] for owner, namespaces in report.items()
    }
    # The last column, 5,999, stands on the first line: its owner is 1, its data point 2.
    assert reported == {
        "O_1_namespaces": [["dp-2"], ["dp-0"], ["dp-1"]],
        "O_0_namespaces": [["dp-1"], ["dp-2"], ["dp-0"]],
    }
