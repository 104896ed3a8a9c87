"""SQL of people: bound values, places of errors, and queries whose client leaves, on the real processes.

Here: what a parameter's value can be and cannot do. Expected values are the given ones. Not here: what a query may read
(test_sql.py), and saved questions (test_questions.py).
"""

import csv
import io
import json
import subprocess
import threading
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from vsf_assets.portal.questions.result_files import csv_bytes, json_bytes, names_of, parquet_file
from vsf_assets.portal.questions.result_table import result_table
from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.portal.sql.bound_values import DATE, DECIMAL, TEXT, WHOLE, Bound
from vsf_assets.portal.sql.messages import place_of, words_of
from vsf_assets.portal.sql.runner import SqlAnswer, SqlError, SqlRunner
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
        ("select 'x'::date,\n nothing from range(3)", 2, 2),
        ("select 1,\n (case when range = 5000 then 'x' else '2020-01-01' end)::date from range(6000)", 2, 57),
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


EXACT = (
    ("date 'infinity'", "infinity"),
    ("date '-infinity'", "-infinity"),
    ("date '9999-12-31'", "9999-12-31"),
    ("'5877642-06-25 (BC)'::date", "5877642-06-25 (BC)"),
    ("timestamp 'infinity'", "infinity"),
    ("timestamp '2020-01-01 10:00:00.1'", "2020-01-01 10:00:00.1"),
    ("timestamptz '-infinity'", "-infinity"),
    ("timestamptz '2020-01-01 10:00:00.5+02'", "2020-01-01 08:00:00.5+00:00"),
    ("timestamp_ns '2020-01-01 00:00:00.123456789'", "2020-01-01 00:00:00.123456789"),
    ("timestamp_s '2020-01-01'", "2020-01-01 00:00:00"),
    ("time_ns '10:00:00.123456789'", "10:00:00.123456789"),
    ("time '24:00:00'", "24:00:00"),
    ("timetz '10:00:00+02:00'", "10:00:00+02:00"),
    ("interval '1 year 2 months 3 days 4.5 seconds'", "1 year 2 months 3 days 00:00:04.5"),
    ("'nan'::double", "nan"),
    ("'-inf'::float", "-inf"),
    ("-170141183460469231731687303715884105727::hugeint", "-170141183460469231731687303715884105727"),
    ("340282366920938463463374607431768211455::uhugeint", "340282366920938463463374607431768211455"),
    ("18446744073709551615::ubigint", "18446744073709551615"),
    ("'123456789012345678901234567890123456789012345'::bignum", "123456789012345678901234567890123456789012345"),
    ("99999999999999999999999999999999999999::decimal(38, 0)", "9" * 38),
    ("1e-38::decimal(38, 38)", f"0.{'0' * 37}1"),
    ("'10101'::bit", "10101"),
    ("'\\x00\\xFF'::blob", "00ff"),
    ("'y'::enum('x', 'y')", "y"),
    ("uuid '550e8400-e29b-41d4-a716-446655440000'", "550e8400-e29b-41d4-a716-446655440000"),
    ("'{\"a\": 1}'::json", '{"a": 1}'),
    ("union_value(k := date 'infinity')", "infinity"),
    ("map {date 'infinity': [interval '14 months']}", {"infinity": ["1 year 2 months"]}),
    ("{'d': [date '-infinity', null], 'DATE': {'n': 1.50}}", {"d": ["-infinity", None], "DATE": {"n": "1.50"}}),
    ("[1, 2, 3]::int[3]", [1, 2, 3]),
    ("[timestamptz '2020-01-01 10:00:00.5+02', '-infinity', null]", ["2020-01-01 08:00:00.5+00:00", "-infinity", None]),
    ("[[timestamptz '0044-03-15 (BC)']]", [["0044-03-15 (BC) 00:00:00+00:00"]]),
    ("null", None),
)
"""Expressions -> the value of an answer, as DuckDB writes it."""


def test_a_value_of_every_type_is_exact(runner: SqlRunner, snapshot: Path, tmp_path: Path) -> None:
    sql = f"select {', '.join(expression for expression, _ in EXACT)}"
    answer = runner.run(snapshot, sql, LIMITS)
    assert dict(zip((e for e, _ in EXACT), answer.rows[0], strict=True)) == dict(EXACT)
    kinds = [kind for _, kind in answer.columns]
    assert kinds[:1] == ["DATE"]
    assert {"TIMESTAMP WITH TIME ZONE", "INTERVAL", "HUGEINT", "MAP(DATE, INTERVAL[])"} <= set(kinds)
    assert_files_hold(answer, tmp_path)


def test_what_pivot_makes_is_exact_too(runner: SqlRunner, snapshot: Path) -> None:
    source = (
        "select 'k' as a, date 'infinity' as d, interval '14 months' as i, timestamptz '2020-01-01 10:00:00.5+02' as t"
    )
    answer = runner.run(snapshot, f"pivot ({source}) on a using max(d) as d, max(i) as i, max(t) as t", LIMITS)
    assert answer.columns == [("k_d", "DATE"), ("k_i", "INTERVAL"), ("k_t", "TIMESTAMP WITH TIME ZONE")]
    assert answer.rows == [["infinity", "1 year 2 months", "2020-01-01 08:00:00.5+00:00"]]


def assert_files_hold(answer: SqlAnswer, folder: Path) -> None:
    """Each form of an answer can be made; CSV and JSON have its values, and so has Parquet, read by DuckDB."""
    names = [name for name, _ in answer.columns]
    items = json.loads(json_bytes(answer))["items"]
    assert [list(item.values()) for item in items] == answer.rows
    lines = list(csv.reader(io.StringIO(csv_bytes(answer).decode())))
    assert len(lines) == 1 + len(answer.rows)
    assert len(lines[0]) == len(names)
    assert result_table(answer).rows == len(answer.rows)
    stored = duckdb.sql(f"select columns(*)::varchar from '{parquet_file(answer, folder)}'").fetchall()
    for row, found in zip(answer.rows, stored, strict=True):
        simple = [(place, value) for place, value in enumerate(row) if isinstance(value, str)]
        # DuckDB writes a decimal without digits before its point as .1
        assert [
            (found[place], value) for place, value in simple if found[place] not in (value, value.removeprefix("0"))
        ] == []


def test_every_type_that_duckdb_has_is_answered_in_every_form(
    runner: SqlRunner, snapshot: Path, tmp_path: Path
) -> None:
    answer = runner.run(snapshot, "from test_all_types()", LIMITS)
    assert (len(answer.rows), len(answer.columns) > 50) == (3, True)
    by_name = dict(zip((name for name, _ in answer.columns), zip(*answer.rows, strict=True), strict=True))
    assert by_name["date"] == ("5877642-06-25 (BC)", "5881580-07-10", None)
    assert by_name["date_array"][1] == ["1970-01-01", "infinity", "-infinity", None, "2022-05-12"]
    assert by_name["interval"] == ("00:00:00", "83 years 3 months 999 days 00:16:39.999999", None)
    assert_files_hold(answer, tmp_path)


def test_columns_of_one_name_get_numbers_that_are_free() -> None:
    def named(*names: str) -> list[str]:
        return names_of(SqlAnswer([(name, "INTEGER") for name in names], [], False, 0.0))

    assert named("a", "b", "a", "a_1", "a", "A") == ["a", "b", "a_1", "a_1_1", "a_2", "A"]
    assert named("a_1", "a", "a", "a") == ["a_1", "a", "a_2", "a_3"]
    many = named(*["1"] * 1000)
    assert (many[:3], many[-1], len(set(many))) == (["1", "1_1", "1_2"], "1_999", 1000)


def test_a_page_shows_fewer_rows_of_a_wide_answer_and_says_that_there_are_more() -> None:
    wide = SqlAnswer([("a", "INTEGER")] * 1000, [[1] * 1000] * 101, False, 0.0)
    shown = result_table(wide)
    assert (shown.rows, shown.is_cut, shown.body.count("<tr>")) == (100, True, 100)
    narrow = result_table(SqlAnswer([("a", "INTEGER")], [[1]] * 1000, False, 0.0))
    assert (narrow.rows, narrow.is_cut) == (1000, False)


def test_whole_numbers_of_128_bits_stay_exact_in_parquet(runner: SqlRunner, snapshot: Path, tmp_path: Path) -> None:
    answer = runner.run(
        snapshot, "select 36::hugeint as a, 9223372036854775808::hugeint as b, 10::hugeint as c", LIMITS
    )
    stored = duckdb.sql(f"from '{parquet_file(answer, tmp_path)}'")
    assert [str(kind) for kind in stored.types] == ["BIGINT", "DECIMAL(38,0)", "BIGINT"]
    assert stored.fetchall() == [(36, Decimal("9223372036854775808"), 10)]


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
