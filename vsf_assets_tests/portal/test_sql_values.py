"""SQL of people: bound values, places of errors, and queries whose client leaves, on the real processes.

Here: what a parameter's value can be and cannot do. Expected values are the given ones. Not here: what a query may read
(test_sql.py), and saved questions (test_questions.py).
"""

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.portal.sql.bound_values import DATE, DECIMAL, TEXT, WHOLE, Bound
from vsf_assets.portal.sql.messages import place_of, words_of
from vsf_assets.portal.sql.runner import SqlError, SqlRunner
from vsf_assets_tests.portal.test_sql import LIMITS, runner, snapshot
from vsf_assets_tests.waiting import wait_until

__all__ = ["runner", "snapshot"]

HOSTILE = (
    "' or 1=1 --",
    "'; copy (select 1) to '/tmp/x'; --",
    "$other",
    "\u202e\U0001f600 é\n\t\\",
    '"}],"sql":"from t',
    "x" * 1000,
)


def test_a_text_is_a_value_whatever_it_says(runner: SqlRunner, snapshot: Path) -> None:
    bound = {f"t{number}": Bound(TEXT, text) for number, text in enumerate(HOSTILE)}
    sql = f"select {', '.join(f'${name}' for name in bound)}, typeof($t0)"
    answer = runner.run(snapshot, sql, LIMITS, bound=bound | {"unused": Bound(WHOLE, "1")})
    assert answer.rows == [[*HOSTILE, "VARCHAR"]]
    assert answer.parameters == tuple(bound)


def test_values_have_the_type_of_their_kind(runner: SqlRunner, snapshot: Path) -> None:
    bound = {
        "whole": Bound(WHOLE, "-9223372036854775808"),
        "decimal": Bound(DECIMAL, "-12345678901234567890.125"),
        "date": Bound(DATE, "2019-05-20"),
        "nothing": Bound(TEXT, None),
    }
    sql = "select $whole, typeof($whole), $decimal, typeof($decimal), $date, typeof($date), $nothing is null"
    ((whole, of_whole, decimal, of_decimal, date, of_date, is_null),) = runner.run(
        snapshot, sql, LIMITS, bound=bound
    ).rows
    assert (whole, of_whole) == ("-9223372036854775808", "BIGINT")
    assert (decimal, of_decimal) == ("-12345678901234567890.125", "DECIMAL(23,3)")
    assert (date, of_date, is_null) == ("2019-05-20", "DATE", True)
    pivoted = runner.run(
        snapshot, "pivot (select 'k' as a, 2 as b) on a using sum(b)", LIMITS, bound={"x": Bound(TEXT, "")}
    )
    assert pivoted.rows == [[2]]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select $nobody", "$nobody has no value"),
        ("select $a + $b", "$a and $b have no values"),
        ("select ?", "write $name in place of ?"),
    ],
)
def test_a_parameter_without_a_value_is_named(runner: SqlRunner, snapshot: Path, sql: str, words: str) -> None:
    with pytest.raises(SqlError, match=r".*") as error:
        runner.run(snapshot, sql, LIMITS)
    assert error.value.kind == "refused"
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("select nothing from marts.dim_lines", 1, 8),
        ("-- one\nselect 'ä€', nothing\nfrom marts.dim_lines", 2, 14),
        ("select 1\nfrom\n  nowhere", 3, 3),
        ("\n\nselct", 3, 1),
    ],
)
def test_an_error_names_line_and_column(runner: SqlRunner, snapshot: Path, sql: str, line: int, column: int) -> None:
    with pytest.raises(SqlError) as error:
        runner.run(snapshot, sql, LIMITS)
    assert error.value.place == (line, column)
    assert str(error.value).endswith(f"(line {line}, column {column})")


def test_an_error_of_another_form_is_shown_as_it_is() -> None:
    assert words_of("Out of luck", "select 1") == ("Out of luck", None)
    assert words_of('Error: ["x"]', "select 1") == ('Error: ["x"]', None)
    assert place_of("é\nx", 3) == (2, 1)


def test_an_internal_error_is_shown_without_the_places_of_libraries() -> None:
    details = {"exception_message": "index 5 of 3\n\nStack Trace:\n\n/opt/vsf/lib/_duckdb.so(+0xdb6) [0x7f2a]"}
    assert words_of(f"INTERNAL Error: {json.dumps(details)}", "select 1") == ("INTERNAL Error: index 5 of 3", None)


def test_times_with_a_zone_are_answered_in_utc(runner: SqlRunner, snapshot: Path) -> None:
    """DuckDB's package imports a module for them, which the confined process could not do."""
    sql = "select timestamptz '2019-05-20 10:00:00+02:00' as t, [t] as ts, t at time zone 'Europe/Berlin', now() > t"
    answer = runner.run(snapshot, sql, LIMITS)
    assert answer.rows == [["2019-05-20 08:00:00+00:00", ["2019-05-20 08:00:00+00:00"], "2019-05-20 10:00:00", True]]


def processes_of(runner: SqlRunner) -> list[str]:
    assert runner._server is not None
    shown = subprocess.run(
        ["ps", "-o", "stat=", "--ppid", str(runner._server.pid)], capture_output=True, text=True, check=False
    )
    return [line for line in shown.stdout.split() if not line.startswith("Z")]


def test_a_query_ends_when_its_client_leaves(runner: SqlRunner, snapshot: Path) -> None:
    endless = "select count(*) from range(10000000) a, range(10000000) b where hash(a.range, b.range) = 1"
    left = ClientLeft()
    kinds: list[str] = []

    def ask() -> None:
        try:
            runner.run(snapshot, endless, LIMITS, left=left)
        except SqlError as error:
            kinds.append(error.kind)

    runner.run(snapshot, "select 1", LIMITS)
    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: len(processes_of(runner)) == 1)
    began = time.monotonic()
    left.set()
    thread.join(5)
    wait_until(lambda: not processes_of(runner))
    assert kinds == ["stopped"]
    assert time.monotonic() - began < 2
    with pytest.raises(SqlError) as error:
        runner.run(snapshot, "select 1", LIMITS, left=left)  # it has left before the query began
    assert error.value.kind == "stopped"
    assert runner.run(snapshot, "select 1", LIMITS, left=ClientLeft()).rows == [[1]]
