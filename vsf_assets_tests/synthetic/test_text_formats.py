"""JSON lines and SQL: every program reads back what was made, hostile texts too."""

import json
import re
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from vsf_assets.synthetic.checked_file import statements, values_of
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of
from vsf_assets.synthetic.writers import write_file
from vsf_assets_tests.postgres_server import PROGRAMS, running_server
from vsf_assets_tests.synthetic.making import column, schema

HOSTILE = [
    "it's",
    "''",
    "';--",
    "'); DROP TABLE t;\n",
    'a "quoted" word',
    "back\\slash\\'",
    "\\",
    "line\nfeed;\r\n",
    "tab\t",
    "\x01\x1f\x7f",
    "$$body$$ $1 :name ?",
    "/* no comment */ -- neither",
    "NULL",
    "",
    " spaces ",
    "\u2028\u202e\ufeff",
    "日本語 😀",
    '{"a": [1]}',
    "%s %(x)s {0}",
    "007",
]
COLUMNS = (
    column("Sequence", "id"),
    column("Choice", "a \"b'c", values=HOSTILE),
    column("Choice", "text/~0", values=HOSTILE, null_share=0.3),
    column("Integer", "whole", from_=-(2**63), to=2**63 - 1, null_share=0.1),
    column("Decimal", "amount", from_=-9, to=9, places=2, null_share=0.1),
    column("Boolean", "flag", null_share=0.3),
    column("Date", "day"),
    column("Datetime", "moment", null_share=0.3),
    column("Choice", "ratio", values=[0.5, 1e20, -2.25]),
)
NAME = "two words-1.x"
ROWS = 2500


def written(path: Path, form: Any, made: Schema | None = None, rows: int = ROWS) -> pl.DataFrame:
    frames = Frames(made or schema(*COLUMNS, name=NAME), rows, 5)
    write_file(frames, path, form)
    return frames.frame(0, rows)


def test_json_lines_hold_exactly_the_values(tmp_path: Path) -> None:
    frame = written(tmp_path / "f.jsonl", "jsonl")
    lines = (tmp_path / "f.jsonl").read_bytes().decode().split("\n")
    assert lines.pop() == ""
    read = [json.loads(line, parse_float=Decimal) for line in lines]
    assert [list(row) for row in read[:2]] == [frame.columns] * 2
    texts = frame.with_columns(
        pl.col("day").cast(pl.String),
        pl.col("moment").dt.to_string("%Y-%m-%dT%H:%M:%S"),
    )
    assert [tuple(row.values())[:8] for row in read] == [row[:8] for row in texts.rows()]
    assert [float(row["ratio"]) for row in read] == frame["ratio"].to_list()
    assert re.search(r'"amount":-?\d\.\d0[,}]', "\n".join(lines)), "both decimal places are kept"


def test_json_lines_are_read_by_duckdb(tmp_path: Path) -> None:
    frame = written(tmp_path / "f.jsonl", "jsonl")
    with duckdb.connect() as connection:
        read = connection.execute("select * from read_json_auto(?)", [str(tmp_path / "f.jsonl")]).fetchall()
    assert [(row[0], row[1], row[2], row[6]) for row in read] == frame.select(
        frame.columns[place] for place in (0, 1, 2, 6)
    ).rows()


def test_a_statement_has_a_thousand_rows(tmp_path: Path) -> None:
    frame = written(tmp_path / "f.sql", "sql")
    found = list(statements(tmp_path / "f.sql"))
    assert "".join(found) == (tmp_path / "f.sql").read_bytes().decode()
    assert [len(values_of(statement)) // frame.width for statement in found[1:]] == [1000, 1000, 500]
    assert [statement.startswith(f'INSERT INTO "{NAME}" ("id", "a ""b\'c", ') for statement in found[1:]] == [True] * 3
    for rows, expected in ((0, 1), (1, 2), (1000, 2), (1001, 3)):
        written(tmp_path / "g.sql", "sql", rows=rows)
        assert len(list(statements(tmp_path / "g.sql"))) == expected


def test_statements_are_found_whatever_the_pieces_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "f.sql", "sql", rows=1100)
    whole = list(statements(tmp_path / "f.sql"))
    for size in (7, 1000):
        monkeypatch.setattr("vsf_assets.synthetic.checked_file._CHUNK", size)
        assert list(statements(tmp_path / "f.sql")) == whole


def typed(frame: pl.DataFrame, booleans: bool, days: bool) -> list[tuple[Any, ...]]:
    """Return rows as SQLite has them: booleans are numbers, days and times texts, decimals floats."""
    columns: list[pl.Expr] = []
    if not booleans:
        columns.append(pl.col("flag").cast(pl.Int64))
    if not days:
        columns += [pl.col("day").cast(pl.String), pl.col("moment").dt.to_string("%Y-%m-%dT%H:%M:%S")]
        columns.append(pl.col("amount").cast(pl.Float64))
    return frame.with_columns(columns).rows()


def test_sqlite_loads_the_file(tmp_path: Path) -> None:
    frame = written(tmp_path / "f.sql", "sql")
    with sqlite3.connect(":memory:") as connection:
        connection.executescript((tmp_path / "f.sql").read_bytes().decode())
        assert connection.execute(f'select * from "{NAME}"').fetchall() == typed(frame, booleans=False, days=False)


def test_duckdb_loads_the_file(tmp_path: Path) -> None:
    frame = written(tmp_path / "f.sql", "sql", rows=1100)
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "f.sql").read_bytes().decode())
        assert connection.execute(f'select * from "{NAME}"').fetchall() == frame.rows()
        types = [kind for _, kind, *_ in connection.execute(f'describe "{NAME}"').fetchall()]
    assert types[:5] == ["BIGINT", "VARCHAR", "VARCHAR", "BIGINT", "DECIMAL(18,2)"]
    assert types[5:] == ["BOOLEAN", "DATE", "TIMESTAMP", "DOUBLE"]


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL here: apt-get install postgresql")
def test_postgresql_loads_the_file(tmp_path: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    frame = written(tmp_path / "f.sql", "sql")
    with running_server() as address, psycopg.connect(address) as connection:
        connection.execute((tmp_path / "f.sql").read_bytes())
        assert connection.execute(f'select * from "{NAME}"').fetchall() == frame.rows()


def test_days_are_dates_in_sql_also_where_they_are_written_from_a_list(tmp_path: Path) -> None:
    made = schema(column("Date", "d", from_="2024-02-29", to="2024-02-29"), name="one")
    written(tmp_path / "f.sql", "sql", made, 3000)
    text = (tmp_path / "f.sql").read_text()
    assert '"d" DATE\n' in text
    assert text.count("'2024-02-29'") == 3000
    assert Frames(made, 1).frame(0, 1)["d"].to_list() == [date(2024, 2, 29)]


def test_a_schema_names_the_table_of_its_sql_files(tmp_path: Path) -> None:
    content = {"name": "people 7", "table": "people", "columns": [{"name": "id", "type": "Sequence"}]}
    write_file(Frames(schema_of(content), 2), tmp_path / "made.sql", "sql")
    with sqlite3.connect(":memory:") as connection:
        connection.executescript((tmp_path / "made.sql").read_text())
        assert connection.execute("select id from people").fetchall() == [(1,), (2,)]
    with pytest.raises(SchemaError, match="table: 'a/b' is not allowed"):
        schema_of({**content, "table": "a/b"})


@pytest.mark.parametrize(("first", "second"), [("Id", "id"), ("Ärger", "ärger"), ("é" * 32, "é" * 31)])
def test_names_that_are_one_for_a_database_are_refused_as_sql_alone(tmp_path: Path, first: str, second: str) -> None:
    both = schema(column("Sequence", first), column("Sequence", second))
    with pytest.raises(SchemaError, match="for a database its name is the same as"):
        write_file(Frames(both, 1), tmp_path / "x.sql", "sql")
    assert list(tmp_path.iterdir()) == []
    assert write_file(Frames(both, 1), tmp_path / "x.csv", "csv").rows == 1
    apart = schema(column("Sequence", "y" * 62 + "1"), column("Sequence", "y" * 62 + "2"))
    assert write_file(Frames(apart, 1), tmp_path / "y.sql", "sql").rows == 1
