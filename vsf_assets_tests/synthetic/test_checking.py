"""The checks of a made file find what they are for, in CSV and Parquet."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vsf_assets.synthetic.file_checks import CHECKS, problems_of
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.request_spec import FORMATS
from vsf_assets.synthetic.writers import write_file
from vsf_assets_tests.synthetic.making import LATER, MORE, PARENT, TEN, column, schema
from vsf_assets_tests.warehouses import Home

COLUMNS = (
    column("Integer", "n", from_=-5, to=5),
    column("Date", "d", from_="2024-01-01", to="2024-12-31"),
    column("Datetime", "t", from_="2024-01-01", to="2024-12-31"),
    column("Decimal", "p", from_=-1.5, to=0, places=1),
    column("Sequence", "id", unique=True),
)
GOOD = {"n": -5, "d": "2024-12-31", "t": "2024-01-01T00:00:00", "p": "-1.5", "id": 1}


def found(home: Home, path: Path, form: str, rows: int = 2) -> dict[str, list[str]]:
    return problems_of(path, form, schema(*COLUMNS, separator=";"), rows, home.settings)


@pytest.mark.parametrize(
    ("second", "check", "problem"),
    [
        ({}, "unique", "column 'id' repeats 1 values"),
        ({"id": 2, "n": 6}, "ranges", "column 'n' has 1 values out of bounds"),
        ({"id": 2, "n": "x"}, "ranges", "column 'n' has 1 values out of bounds"),
        ({"id": 2, "d": "2025-01-01"}, "ranges", "column 'd' has 1 values out of bounds"),
        ({"id": 2, "t": "2023-12-31T23:59:59"}, "ranges", "column 't' has 1 values out of bounds"),
        ({"id": 2, "p": "0.1"}, "ranges", "column 'p' has 1 values out of bounds"),
    ],
)
def test_a_wrong_value_is_found(tmp_path: Path, second: dict[str, Any], check: str, problem: str) -> None:
    lines = [";".join(GOOD), *(";".join(map(str, row.values())) for row in (GOOD, {**GOOD, **second}))]
    (tmp_path / "f.csv").write_text("\n".join(lines) + "\n")
    assert {
        name: reported for name, reported in found(Home(tmp_path), tmp_path / "f.csv", "csv").items() if reported
    } == {check: [problem]}


def test_a_missing_row_is_found(tmp_path: Path) -> None:
    write_file(Frames(schema(*COLUMNS, separator=";"), 5), tmp_path / "f.csv")
    assert found(Home(tmp_path), tmp_path / "f.csv", "csv", 6)["row_count"] == ["5 rows instead of 6"]


def test_unique_columns_are_checked_in_less_memory_than_their_values_take(tmp_path: Path) -> None:
    columns = [column(kind, kind, unique=True) for kind in ("UUID", "Full Name", "Email", "Phone Number")]
    made, rows = schema(*columns), 500_000
    write_file(Frames(made, rows), tmp_path / "f.csv")
    settings = replace(Home(tmp_path).settings, memory_limit="150MB", threads=2)
    assert not any(problems_of(tmp_path / "f.csv", "csv", made, rows, settings).values())


def test_parquet_is_looked_at_too(tmp_path: Path) -> None:
    made = Frames(schema(*COLUMNS), 2).frame(0, 2).with_columns(id=pl.lit(1), n=pl.lit(9))
    made.write_parquet(tmp_path / "f.parquet")
    reported = found(Home(tmp_path), tmp_path / "f.parquet", "parquet")
    assert reported == {
        "row_count": [],
        "unique": ["column 'id' repeats 1 values"],
        "ranges": ["column 'n' has 2 values out of bounds"],
        "patterns": [],
        "references": [],
    }


@pytest.mark.parametrize("form", FORMATS)
def test_what_the_engine_makes_passes(tmp_path: Path, form: Any) -> None:
    kinds = [column(kind, kind, unique=kind not in ("Job", "Boolean"), null_share=0.2) for kind in (*TEN, *MORE)]
    for columns in ([*kinds, *LATER], [column("Integer", null_share=0.5, unique=True)], COLUMNS):
        rows = 3000 if columns is not COLUMNS else 100
        made = schema(*columns, quote="'", separator="tab")
        write_file(Frames(made, rows, parents=[PARENT]), tmp_path / "f", form)
        reported = problems_of(tmp_path / "f", form, made, rows, Home(tmp_path).settings, [PARENT])
        assert reported == {check: [] for check in CHECKS}


LINKED = (
    column("Foreign Key", "k", schema="parent", column="id", rows=3),
    column("Regular Expression", "r", pattern="a{2}|[0-9]"),
    column("Normal Distribution", "g", from_=0, to=1),
)
BAD = [
    (("6", "aa", "0.5"), {"references": ["column 'k' has 1 values that the other file does not have"]}),
    (("10", "aa", "0.5"), {"references": ["column 'k' has 1 values that the other file does not have"]}),
    (("9", "aaa", "0.5"), {"patterns": ["column 'r' has 1 values that do not match"]}),
    (("9", "a'a);\n", "0.5"), {"patterns": ["column 'r' has 1 values that do not match"]}),
    (("9", "7", "1.01"), {"ranges": ["column 'g' has 1 values out of bounds"]}),
    (("9", "7", "1"), {}),
]


@pytest.mark.parametrize("form", ["csv", "jsonl", "sql"])
def test_each_format_is_read_back_as_it_was_written(tmp_path: Path, form: str) -> None:
    """A parent of three rows has the ids 7, 8 and 9."""
    made = schema(*LINKED)
    for values, problems in BAD:
        row = {name: value.replace("\\n", "\n") for name, value in zip("krg", values, strict=True)}
        if form == "csv":
            quoted = ",".join('"' + value + '"' for value in row.values())
            (tmp_path / "f").write_text(f"k,r,g\n{quoted}\n")
        elif form == "jsonl":
            (tmp_path / "f").write_text(json.dumps(row) + "\n")
        else:
            text = row["r"].replace("'", "''")
            (tmp_path / "f").write_text(
                f'CREATE TABLE x;\nINSERT INTO "test" ("k", "r", "g") VALUES\n({row["k"]}, \'{text}\', {row["g"]});\n'
            )
        found = problems_of(tmp_path / "f", form, made, 1, Home(tmp_path).settings, [PARENT])
        assert {name: texts for name, texts in found.items() if texts} == problems
