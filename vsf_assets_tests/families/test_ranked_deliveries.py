"""The dbt macro that skeletons use: which of the rows with one key landed first, and what the others are.

Here: its SQL on hand-made rows. Not here: the models that a skeleton makes of it (test_adding_a_feed.py).
"""

import re

import duckdb
import jinja2
import pytest

from vsf_assets.transform.dbt_paths import DBT_PROJECT

FILES = """
    create table files as
    select * from (values
        (1, 'orders', 'loaded', '2019-05-20', 'late.csv', 3),
        (2, 'orders', 'loaded', '2019-05-20', 'early.csv', 2),
        (3, 'orders', 'loaded', '2019-05-21', 'next.csv', 1),
        (4, 'orders', 'duplicate_file', '2019-05-21', 'again.csv', 4),
        (5, 'visits', 'loaded', null, 'other.csv', 5)
    ) as t(file_id, feed, status, partition_key, file_name, landing_position)
"""
ROWS = """
    create table rows as
    select * from (values
        (1, 2, 7, 'a'), (1, 3, 8, 'b'),
        (2, 2, 7, 'a'), (2, 3, 7, 'changed'), (2, 4, null, 'x'), (2, 5, null, 'x'),
        (3, 2, 7, 'a'), (4, 2, 7, 'a'), (5, 2, 7, 'a')
    ) as t(file_id, line_number, order_id, note)
"""
BY_DAY = [
    # (file, line) -> occurrence, anomaly, first file and line, whether it is of the newest file
    (1, 2, 3, "duplicate_row", "early.csv", 2, True),
    (1, 3, 1, None, "late.csv", 3, True),
    (2, 2, 1, None, "early.csv", 2, False),
    (2, 3, 2, "duplicate_key", "early.csv", 2, False),
    (2, 4, 1, None, "early.csv", 4, False),
    (2, 5, 2, "duplicate_row", "early.csv", 4, False),
    (3, 2, 1, None, "next.csv", 2, False),
]


@pytest.fixture
def rows() -> duckdb.DuckDBPyConnection:
    """A database with the deliveries and rows above."""
    connection = duckdb.connect()
    connection.execute(FILES)
    connection.execute(ROWS)
    return connection


def sql_of(key: list[str]) -> str:
    """Return the macro's SQL, as dbt renders it, of the rows above."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((DBT_PROJECT / "macros").glob("*.sql"))]
    macros = [text for text in texts if re.search(r"macro (row_without|ranked_deliveries)\(", text)]
    call = "{{ ranked_deliveries('rows', 'orders', key=key) }}"
    rendered = (
        jinja2.Environment(autoescape=False)
        .from_string("\n".join([*macros, call]))
        .render(key=key, ref=lambda _: "files")
    )
    columns = "file_id, line_number, occurrence, anomaly, first_file_name, first_line_number, is_of_newest_file"
    return f"select {columns} from ({rendered}) order by 1, 2"


def test_the_first_row_of_a_key_and_day_in_landing_order_stands(rows: duckdb.DuckDBPyConnection) -> None:
    assert rows.execute(sql_of(["partition_key", "order_id"])).fetchall() == BY_DAY


def test_within_a_file_a_row_is_compared_with_rows_of_that_file_alone(rows: duckdb.DuckDBPyConnection) -> None:
    found = {row[:2]: row[2:4] for row in rows.execute(sql_of(["file_id", "order_id"])).fetchall()}
    assert found[1, 2] == (1, None)
    assert found[2, 3] == (2, "duplicate_key")
    assert found[2, 5] == (2, "duplicate_row")
