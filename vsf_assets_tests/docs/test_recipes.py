"""The Python recipes of docs/analysts.md, run one after the other as a reader would, on a small snapshot.

Here: the blocks of the page and what they must leave. Not here: the questions (test_questions.py), and recipes for
tools that are not in Python; the page says which were tried.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets_tests.docs.pages import blocks, text_of

PAGE = text_of("docs/analysts.md")
TABLES = """
    create schema marts;
    create schema raw;
    create schema reports;
    create table raw.builds as select * from (
        values (6, timestamp '2026-01-04 10:00'), (7, timestamp '2026-01-05 10:00')
    ) as builds (build_number, built_at);
    create table marts.fct_daily_active_lines as select * from (values
        (date '2019-05-06', date '2019-05-06', 2), (date '2019-05-12', date '2019-05-12', 4),
        (date '2019-05-13', date '2019-05-13', 5), (date '9999-12-31', date '0001-01-01', 1)
    ) as days (event_date, date_key, active_lines);
    create table marts.fct_campaign_scores as select * from (values
        (7, 1, 0.1::decimal(38, 6)), (7, 1, 0.2::decimal(38, 6)), (300, 2, 2.5::decimal(38, 6))
    ) as scores (campaign_id, quarter, revenue);
    create table marts.dim_dates as select date '2019-05-19' as calendar_date;
    create table marts.fct_activity_daily as select * from (values
        ('a', date '2019-05-06'), ('b', date '2019-05-07'), ('a', date '2019-05-13')
    ) as activity (mtn, event_date), lateral (select event_date as date_key);
    create table reports.files as select '2019-05-19' as partition_key, 'events' as feed, 'loaded' as status;
"""
"""Just the columns that the recipes use, in a file with the names that readers see."""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run every block of Python on the page but pandas', in one namespace; return it."""
    home = tmp_path_factory.mktemp("recipes")
    snapshots = home / "data" / "snapshots"
    snapshots.mkdir(parents=True)
    with duckdb.connect(str(snapshots / "vsf-7.duckdb")) as connection:
        connection.execute(TABLES)
    (snapshots / "current.duckdb").symlink_to("vsf-7.duckdb")
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for block in blocks(PAGE, "python"):
            if ".df()" not in block:
                exec(compile(block, "docs/analysts.md", "exec"), found)
        yield found


def test_the_blocks_on_the_page_are_those_that_run_here() -> None:
    heads = re.findall(r"^### (.+)$", PAGE.split("## Recipes for tools")[1].split("\n## ")[0], re.MULTILINE)
    assert heads == [
        *("pandas", "polars", "Jupyter", "Ready questions from Python", "R", "Excel and LibreOffice"),
        *("Superset", "DBeaver", "Metabase"),
    ]
    assert len(blocks(PAGE, "python")) == 5


def test_polars_sums_exactly(names: dict[str, Any]) -> None:
    assert [(row[0], row[1], str(row[2])) for row in names["revenue"].rows()] == [
        (7, 1, "0.300000"),
        (300, 2, "2.500000"),
    ]


def test_a_notebook_s_cell_names_the_newest_build(names: dict[str, Any]) -> None:
    assert names["built"][0] == 7
    assert len(names["by_day"]) == 4


def test_a_ready_question_is_asked_with_a_parameter_of_one_s_own(names: dict[str, Any]) -> None:
    from datetime import date

    assert names["retained"] == [(date(2019, 5, 6), 2, 1, 1, 0.5)]


def test_pandas_takes_means_of_weeks(names: dict[str, Any]) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed: pip install 'vsf-assets[bench]'")
    (block,) = (block for block in blocks(PAGE, "python") if ".df()" in block)
    exec(compile(block, "docs/analysts.md", "exec"), names)
    means = {str(day.date()): mean for day, mean in names["weekly_mean"].items()}
    assert means == {"2019-05-06": 3.0, "2019-05-13": 5.0}


def test_a_read_only_setting_of_clients_refuses_to_write(names: dict[str, Any]) -> None:
    file = str(Path("data/snapshots/current.duckdb").resolve())
    with duckdb.connect(file, config={"access_mode": "READ_ONLY"}) as connection, pytest.raises(duckdb.Error):
        connection.execute("create table x (i integer)")
