"""One long text never fills the memory of everything that reads its column.

Here: texts beyond the bound in each kind of file, in findings, and in the macro that reads JSON. Not here: records that
are too long to be read (test_delimited_defects.py).
"""

import io
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.common.findings import file_finding
from vsf_assets.readers.common.limits import stored
from vsf_assets.readers.common.long_texts import LONGEST_TEXT
from vsf_assets.readers.dispatch import portions

FITS, LONG = "x" * LONGEST_TEXT, "ü" * (LONGEST_TEXT // 2) + "x"
ACCOUNTS = "CUST_ACCT,SEGMENT_NAME,SVC_PLAN\n"
NAMESPACES = "namespace_id,namespace_option_name,namespace_option_standard_name\n"
MACRO = Path(__file__).parents[2] / "dbt_project" / "macros" / "json.sql"


def read(feed: str, text: str, name: str = "") -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], pl.DataFrame]:
    """Return rows, findings (line, anomaly, column, severity) and the findings as they are stored."""
    found = list(portions(FileStream(io.BytesIO(text.encode()), "x"), all_feeds()[feed], file_name=name))
    rows = [row for portion in found for frame in portion.valid.values() for row in frame.rows()]
    findings = pl.concat([portion.findings for portion in found])
    named = findings.select("line_number", "anomaly", "column_name", "severity").rows()
    return rows, named, stored(findings)


def test_row_with_a_text_that_is_too_long_is_held_back_and_the_others_are_loaded() -> None:
    text = f"{ACCOUNTS}ACCT00001,{FITS},Gold\nACCT00002,{LONG},Gold\nACCT00003,Old,Gold\n"
    rows, findings, kept = read("accounts", text)
    assert [row[1] for row in rows] == ["ACCT00001", "ACCT00003"]
    assert findings == [(3, "invalid_value", "SEGMENT_NAME", "error")]
    reason = "SEGMENT_NAME has 65,537 bytes, more than 65,536; most often a quote or a delimiter is missing"
    assert kept["reason"].to_list() == [reason]


def test_one_cell_has_one_finding() -> None:
    _, findings, _ = read("accounts", f"{ACCOUNTS}{LONG},Old,Gold\n")
    assert findings == [(2, "invalid_value", "CUST_ACCT", "error")]


def test_text_of_a_catalog_is_bounded_like_others() -> None:
    song = {"artist_name": "A", "title": "T", "year": 1, "release": "R"}
    songs = [{"type": "song", "data": {**song, "title": title}} for title in (FITS, LONG, "T")]
    rows, findings, _ = read("catalog", json.dumps(songs))
    assert [len(row[2]) for row in rows] == [LONGEST_TEXT, 1]
    assert findings == [(1, "invalid_value", "title", "error")]


def test_row_of_a_dataset_is_loaded_with_the_beginning_and_without_its_key_it_is_not() -> None:
    rows, findings, _ = read("datasets", f"{NAMESPACES}ns-1,A,{LONG}\n{LONG},B,b\n", "namespaces.csv")
    assert [row[1:] for row in rows] == [("ns-1", "A", "ü" * (LONGEST_TEXT // 4) + "…")]
    column = "namespace_option_standard_name"
    assert findings[0] == (2, "invalid_value", column, "warning")
    assert findings[1] == (3, "invalid_value", "namespace_id", "error")


@pytest.mark.parametrize("text", ["x" * 2_000_000, "\U0001f600" * 500_000])
def test_finding_keeps_the_beginning_of_a_long_text(text: str) -> None:
    kept = stored(file_finding("unreadable_file", "it is odd", "error", 1, text))["raw_text"][0]
    assert (kept[:-1], kept[-1]) == (text[: LONGEST_TEXT // 4], "…")


def test_column_of_the_longest_text_before_empty_cells_is_read_in_the_default_memory(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb"), config={"memory_limit": "512MB", "threads": 2}) as connection:
        connection.execute(
            "create table texts as select case when n = 0 then repeat('x', ?) end as text from range(5000) as r (n)",
            [LONGEST_TEXT],
        )
        connection.execute("checkpoint")
        assert connection.execute("select max(strlen(text)) from texts").fetchall() == [(LONGEST_TEXT,)]


@pytest.mark.parametrize("repeats", [1, 2])
def test_object_of_many_names_is_taken_apart_at_once(repeats: int) -> None:
    names = [f"k{n // repeats}" for n in range(5_000)]
    text = "{" + ",".join(f'"{name}":{n}' for n, name in enumerate(names)) + "}"
    started = time.process_time()
    rows = taken_apart([text] * 20)
    assert time.process_time() - started < 10, "it took minutes when each name was compared with all others"
    last = {name: str(n) for n, name in enumerate(names)}
    assert sorted(rows) == sorted([(n, name, value) for n in range(20) for name, value in last.items()])


def test_last_value_of_a_name_holds() -> None:
    objects = ['{"a":1,"b":"2","a":null,"":3,"b":[1]}', "{}", None, '{"x":"y"}']
    assert sorted(taken_apart(objects)) == [(0, "", "3"), (0, "a", "null"), (0, "b", "[1]"), (3, "x", "y")]


def taken_apart(objects: Sequence[str | None]) -> list[tuple[Any, ...]]:
    """Return number, name and value of what the macro makes of JSON objects."""
    body = re.search(r"json_properties\(.*?\) -%}(.*?){%- endmacro", MACRO.read_text(), re.DOTALL)
    assert body is not None
    sql = body[1]
    for word, given in (("keys | join(', ')", "id"), ("json", "text"), ("rows", "given")):
        sql = sql.replace("{{ " + word + " }}", given)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("create table given (id int, text varchar)")
        connection.executemany("insert into given values (?, ?)", list(enumerate(objects)))
        return connection.execute(sql).fetchall()
