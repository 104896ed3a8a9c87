"""The data point report: what is fetched for it, its order, and its bytes.

Here: the report of many columns, and of names that JSON, SQL or nesting could mix up. Not here: the report through the
command line (cli/test_datasets.py).
"""

import io
import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from vsf_assets.reports.datapoints import FIELDS, count_datapoints, write_datapoints
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

    def fetchmany(self, size: int) -> list[Any]:
        rows = self.connection.fetchmany(size)
        self.fetched += len(rows)
        return rows


def text_of(connection: Any, selection: DatasetRows) -> str:
    file = io.StringIO()
    write_datapoints(connection, selection, file)
    return file.getvalue()


def test_a_data_point_is_fetched_once_for_its_place_and_not_for_each_column(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    counting = Counting(connection)
    selection = DatasetRows("x", None, {})
    report = json.loads(text_of(counting, selection))
    assert counting.fetched == 1 + 2 * 3  # the version, and the data points of two owners
    assert count_datapoints(connection, selection) == 3
    reported = {
        owner: [list(entry) for entry in namespaces["n"]["databases"][0]["d"]] for owner, namespaces in report.items()
    }
    # The last column, 5,999, stands on the first line: its owner is 1, its data point 2.
    assert reported == {
        "O_1_namespaces": [["dp-2"], ["dp-0"], ["dp-1"]],
        "O_0_namespaces": [["dp-1"], ["dp-2"], ["dp-0"]],
    }


PLACES = (
    # owner, namespace, database, table, column, data point; on the lines 2, 3, …
    ("A b", "n1", "d1", "t", "c", "p1"),
    ("A_b", "n1", "d1", "t", "c", "p2"),  # the same owner in the report
    ("B", "n1", "d1", "t", "c", "p1"),
    ("A b", "n2", "d1", "t", "c", "p1"),
    ("A b", "n1", "d2", "t", "c", "p3"),
    ("A b", "n1", "d1", "t2", "c2", "p1"),  # a second column of a data point that is there
    ("A b", "n1", "d1", "t2", "c3", "gone"),  # no such data point
    (None, "n2", "d1", "t", "c", "p1"),
    ("A b", "unknown", "d1", "t", "c", "p2"),
    ('Q "quoted"\n\u2028é', "n1", "d|1", "t", "c", "p3"),
)
POINTS = {"p1": ("one", ["a", "b"], None), "p2": ('two "2"\nlines', [], "D"), "p3": ("", ["é\u2028"], "")}
OPTIONS = {"n1": "Fund", "n2": None}


@pytest.fixture
def odd() -> duckdb.DuckDBPyConnection:
    """A dictionary whose owners, namespaces and databases come back after others."""
    found = duckdb.connect()
    found.execute(
        "create schema marts; create table marts.dim_dataset_versions as"
        " select 'x' as dataset, 1 as version, true as is_current, true as is_complete;"
        " create table marts.dim_namespaces"
        " (namespace_key varchar, namespace_id varchar, namespace_option_name varchar);"
        " create table marts.dim_datapoints (datapoint_key varchar, data_point_id varchar, data_point_name varchar, "
        + ", ".join(f"{name} {'varchar[]' if name in LISTS else 'varchar'}" for name in FIELDS)
        + "); create table marts.fct_dataset_columns (dataset varchar, version int, dataset_owner_name varchar,"
        " namespace_id varchar, dataset_database_name varchar, dataset_table_name varchar, dataset_column_name varchar,"
        " data_point_id varchar, namespace_key varchar, datapoint_key varchar, line_number int)"
    )
    for namespace, option in OPTIONS.items():
        found.execute("insert into marts.dim_namespaces values (?, ?, ?)", [f"k{namespace}", namespace, option])
    for point in POINTS:
        fields = [fields_of(point)[name] or ([] if name in LISTS else None) for name in FIELDS]
        marks = ", ".join("?" * (3 + len(FIELDS)))
        found.execute(f"insert into marts.dim_datapoints values ({marks})", [f"k{point}", point, "Name", *fields])
    for number, (owner, namespace, database, table, column, point) in enumerate(PLACES):
        keys = (f"k{namespace}" if namespace in OPTIONS else None, f"k{point}" if point in POINTS else None)
        found.execute(
            "insert into marts.fct_dataset_columns values ('x', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [owner, namespace, database, table, column, point, *keys, number + 2],
        )
    return found


LISTS = (
    "approved_abbreviations",
    "applicable_data_universes",
    "applicable_domicile",
    "data_point_possible_values",
)


def fields_of(point: str) -> dict[str, Any]:
    """Return the fields of a data point in the report."""
    name, texts, kind = POINTS[point]
    given = {"data_point_standard_name": name, "approved_abbreviations": texts, "data_type": kind}
    return {field: given.get(field) or "" for field in FIELDS}


def expected(is_wanted: Callable[..., bool]) -> dict[str, Any]:
    """Return the report as a dictionary, made in the order of the lines."""
    report: dict[str, Any] = {}
    for owner, namespace, database, table, column, point in PLACES:
        if point in POINTS and is_wanted(namespace, database, table, column):
            of_owner = report.setdefault(f"{(owner or '').replace(' ', '_')}_namespaces", {})
            option = OPTIONS.get(namespace) or ""
            entry = of_owner.setdefault(namespace, {"namespace_option_name": option, "databases": []})
            if not any(database in known for known in entry["databases"]):
                entry["databases"].append({database: []})
            points = next(known[database] for known in entry["databases"] if database in known)
            if not any(point in known for known in points):
                points.append({point: fields_of(point)})
    return report


@pytest.mark.parametrize(
    ("names", "is_wanted"),
    [
        ({}, lambda *_: True),
        ({"namespace": ("n1",), "database": ("d1",)}, lambda n, d, *_: (n, d) == ("n1", "d1")),
        ({"namespace": ("Fund",), "database": ("d1", "d2")}, lambda n, d, *_: n == "n1" and d in ("d1", "d2")),
        ({"namespace": ("n1",), "database": ("d1",), "table": ("t2",), "column": ("c3",)}, lambda *_: False),
        ({"namespace": ("n1",), "table": ("t2",)}, lambda n, _, t, __: (n, t) == ("n1", "t2")),
    ],
)
def test_the_bytes_are_those_of_the_whole_dictionary(
    odd: duckdb.DuckDBPyConnection, names: dict[str, tuple[str, ...]], is_wanted: Callable[..., bool]
) -> None:
    selection = DatasetRows("x", None, names)
    wanted = expected(is_wanted)
    assert text_of(odd, selection) == json.dumps(wanted, indent=4, ensure_ascii=False) + "\n"
    points = {
        point
        for namespaces in wanted.values()
        for entry in namespaces.values()
        for database in entry["databases"]
        for found in database.values()
        for named in found
        for point in named
    }
    assert count_datapoints(odd, selection) == len(points)
