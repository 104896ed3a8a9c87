"""`vsf status`, `vsf query`, `vsf report`, `vsf demo`: what they print, and what they load."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.demo import demo_files
from vsf_assets.demo.event_kinds import NOTES, PLACES, SITES
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home, Outcome
from vsf_assets_tests.demo_rows import counting_events, rows_of
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.forms import name_home

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
VSF = str(Path(sys.executable).with_name("vsf"))
HEAVY = {"dagster", "polars", "pandera", "dbt", "pandas", "numpy"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Outcome]:
    """A home after `vsf demo`, and what it said; tests only look at it."""
    home = Home(tmp_path_factory.mktemp("demo"))
    with pytest.MonkeyPatch.context() as patch:
        name_home(home.path, patch)
        patch.setenv("VSF_SETTLE_SECONDS", "0")
        patch.setenv("VSF_DATASET_WAIT_SECONDS", "60")  # the command sets it, for its process; it is not to stay
        outcome = home.vsf("demo")
        assert outcome.exit_code == 0
        assert "next steps" in outcome.output
        said = outcome.output + outcome.errors
        events = "2 invalid_json, 2 invalid_value, 1 missing_fields, 1 missing_value, 1 unreadable_file; the first in"
        assert f"warning: contract of raw.events: {events} 2019-05-08_testmdn_child_parent_rs.txt.gz, line 102" in said
        assert "warning: contract of raw.songs, raw.movies, raw.apps, raw.skipped_types: 2 missing_fields" in said
        assert "mobile_volumes_are_as_usual: 1 found: processing_date 2019-05-21, expected 295, observed 100" in said
        # A line per feed that people deliver, none per file.
        assert re.search(r"^clicks +7 +5 +1 +1 +3801 +1$", outcome.output, re.MULTILINE)
        assert ("impressions_1.csv" in said, "fake_states" in said) == (False, False)
    return home, outcome


@pytest.fixture
def demo_home(demo: tuple[Home, Outcome], monkeypatch: pytest.MonkeyPatch) -> Home:
    name_home(demo[0].path, monkeypatch)
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    return demo[0]


def test_the_demo_shows_every_scoring_rule_and_many_kinds_of_findings(demo_home: Home) -> None:
    assert {row[0] for row in demo_home.ask("select distinct rule from marts.fct_campaign_scores")} == {
        "top_revenue",
        "most_clicked",
        "random",
    }
    assert len(demo_home.ask("select distinct anomaly from reports.anomalies")) >= 10


def test_the_demo_shows_each_defect_of_mobile_analytics_and_no_other(demo_home: Home) -> None:
    found = demo_home.ask(
        "select feed, partition_key, anomaly, count(*) from reports.anomalies"
        " where feed in ('events', 'lines', 'accounts', 'limits') group by all order by all nulls first"
    )
    assert found == [
        ("accounts", None, "duplicate_row", 1),
        *[("events", f"2019-04-{day}", "unknown_reference", 1) for day in (11, 12, 13, 14, 16)],
        ("events", "2019-04-18", "duplicate_row", 3),
        ("events", "2019-05-02", "duplicate_key", 1),
        ("events", "2019-05-02", "duplicate_row", 19),
        ("events", "2019-05-03", "duplicate_key", 1),
        ("events", "2019-05-07", "duplicate_file", 1),
        ("events", "2019-05-08", "invalid_json", 2),
        ("events", "2019-05-08", "invalid_value", 2),
        ("events", "2019-05-08", "missing_fields", 1),
        ("events", "2019-05-08", "missing_value", 1),
        ("events", "2019-05-15", "missing_partition", 1),
        ("events", "2019-05-16", "unreadable_file", 1),
        ("events", "2019-05-21", "volume", 1),
        ("limits", None, "duplicate_row", 1),
        ("limits", None, "unknown_reference", 1),
        ("lines", None, "invalid_value", 1),
    ]
    assert demo_home.ask("select processing_date from reports.volume_anomalies") == [(date(2019, 5, 21),)]


def test_the_demo_counts_the_events_that_a_plain_reading_of_its_files_counts(demo_home: Home) -> None:
    files = demo_files()
    events = [(path, row) for path, row in counting_events(files) if row["mdn"]]
    days = Counter(date.fromisoformat(row["event_time"][:10]) for _, row in events)
    assert demo_home.ask("select event_date, sum(events) from marts.fct_activity_summary group by 1 order by 1") == (
        sorted(days.items())
    )
    late = Counter(row["event_time"][:10] for path, row in events if "testmdn_late_rs" in path)
    ((on, count),) = late.items()
    assert on == "2019-04-26"
    sql = f"select count(*) from marts.fct_activity_events where event_date = '{on}' and processing_date = '2019-04-28'"
    assert demo_home.ask(sql) == [(count,)]
    activated = {row["MTN"]: row["SVC_ACT_DT"] for _, row in rows_of(files, "lines")}
    early = [row for _, row in events if row["event_time"][:10] < activated.get(row["mdn"], "")]
    assert demo_home.ask("select sum(events_before_activation) from marts.fct_activity_daily") == [(len(early),)]
    assert len({row["mdn"] for row in early}) == 5


def test_the_demo_keeps_the_history_of_a_line_and_an_account(demo_home: Home) -> None:
    since, changed, ever = date(1, 1, 1), date(2019, 5, 6), date(9999, 12, 31)
    sql = "select {}, valid_from, valid_to from marts.{} where {} order by valid_from"
    assert demo_home.ask(sql.format("sales_channel", "dim_lines", "mtn = '5552000001'")) == [
        ("Retail", since, changed),
        ("Direct", changed, ever),
    ]
    assert demo_home.ask(sql.format("service_plan", "dim_accounts", "cust_acct = 'ACCT20002'")) == [
        ("Basic", since, changed),
        ("Premium", changed, ever),
    ]


def test_the_demo_keeps_awkward_values_of_properties_whole(demo_home: Home) -> None:
    sql = "select distinct property_value from marts.fct_event_properties where property_name = '{}'"
    for name, values in {"place": PLACES, "note": NOTES, "url": SITES, "previous": ["null"]}.items():
        assert {value for (value,) in demo_home.ask(sql.format(name))} == set(values)
    assert ('{"radius":150,"shape":"circle"}',) in demo_home.ask(sql.format("zone"))


def test_every_query_of_the_tour_and_of_the_next_steps_has_an_answer(
    demo: tuple[Home, Outcome], demo_home: Home
) -> None:
    text = text_of("README.md") + demo[1].output
    queries = {sql for sql in re.findall(r'vsf query "([^"]+)"', text) if "clicks_1_more.csv" not in sql}
    assert len(queries) >= 8
    assert [sql for sql in queries if not demo_home.ask(sql)] == []


def test_a_second_demo_changes_no_figure(demo_home: Home) -> None:
    before = demo_home.current.readlink(), demo_home.current.read_bytes()
    outcome = demo_home.vsf("demo")
    assert (outcome.exit_code, "nothing is pending" in outcome.output) == (0, True)
    assert "2019-04-26  2019-04-28           23" in outcome.output
    after = demo_home.current.readlink(), demo_home.current.read_bytes()
    assert (after == before) is True, "the same file, with every table as it was"


def test_query_answers_as_csv_json_and_a_table(demo_home: Home) -> None:
    sql = "select file_name, bytes from reports.files where feed = 'clicks' order by bytes limit 1"
    assert demo_home.vsf("query", sql, "--format", "csv").output.splitlines()[0] == "file_name,bytes"
    (row,) = json.loads(demo_home.vsf("query", sql, "--format", "json").output)
    assert set(row) == {"file_name", "bytes"}
    assert demo_home.vsf("query", sql).output.splitlines()[1].startswith("---")


def test_money_stays_exact_in_json(demo_home: Home) -> None:
    text = demo_home.vsf("query", "select 1.100000::decimal(18,6) as money", "--format", "json").output
    assert "1.100000" in text


@pytest.mark.parametrize(
    "sql", ["selec 1", "from marts.nothing", "delete from raw.clicks", "create table x as select 1"]
)
def test_sql_that_cannot_be_is_wrong_usage(demo_home: Home, sql: str) -> None:
    outcome = demo_home.vsf("query", sql)
    assert outcome.exit_code == 2
    assert "vsf-" in outcome.errors


def test_without_a_snapshot_a_query_says_what_to_do(home: Home) -> None:
    outcome = home.vsf("query", "select 1")
    assert outcome.exit_code == 1
    assert "vsf run" in outcome.errors


def test_scores_are_written_as_json_and_csv_with_the_same_rows(demo_home: Home, tmp_path: Path) -> None:
    for suffix in ("json", "csv"):
        assert demo_home.vsf("report", "scores", "--quarter", "1", "-o", str(tmp_path / f"s.{suffix}")).exit_code == 0
    from_json = json.loads((tmp_path / "s.json").read_text())
    from_csv = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert [str(r["banner_id"]) for r in from_json] == [r["banner_id"] for r in from_csv]
    assert {r["quarter"] for r in from_json} == {1}
    assert demo_home.vsf("report", "scores").exit_code == 0
    assert (demo_home.path / "reports" / "campaign_scores.json").exists()


def test_a_report_of_nothing_or_of_another_kind_is_refused(demo_home: Home, tmp_path: Path) -> None:
    assert demo_home.vsf("report", "scores", "--campaign", "1", "-o", str(tmp_path / "x.csv")).exit_code == 2
    assert demo_home.vsf("report", "scores", "-o", str(tmp_path / "x.xlsx")).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_status_tells_every_state(home: Home) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv.gz": b"no gzip", "notes.txt": "?"})
    home.load(checked=False)
    home.drop({"clicks_1_again.csv": CLICKS})
    home.load(checked=False)
    home.drop({"clicks_3.csv": CLICKS})
    rows = list(csv.DictReader(home.vsf("status", "--format", "csv").output.splitlines()))
    assert {row["file_name"]: row["status"] for row in rows} == {
        "clicks_1.csv": "loaded",
        "clicks_2.csv.gz": "unreadable",
        "clicks_1_again.csv": "duplicate_file",
        "clicks_3.csv": "pending",
        "notes.txt": "unknown",
    }
    assert "vsf-2.duckdb" in home.vsf("status").output


def test_status_reads_the_snapshot_while_the_warehouse_is_in_use_and_says_so(demo_home: Home) -> None:
    with Warehouse.of(read_settings()).lock("a test"):
        outcome = demo_home.vsf("status")
    assert outcome.exit_code == 0
    assert "because the warehouse is in use" in outcome.output


@pytest.mark.usefixtures("demo_home")
def test_a_command_with_nothing_to_do_loads_nothing_heavy() -> None:
    commands = [["--help"], ["land", "--help"], ["query", "select 1"], ["status"], ["run"]]
    code = (
        "import sys\nfrom vsf_assets.cli.main import cli\n"
        f"for words in {commands!r}:\n"
        "    cli.main(words, standalone_mode=False)\n"
        f"    print('after', words, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = [line for line in done.stderr.splitlines() if line.startswith("after ")]
    assert loaded == [f"after {words} []" for words in commands]


def test_a_damaged_warehouse_and_a_missing_place_are_said_in_a_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    Warehouse.of(read_settings()).file.write_text("garbage")
    outcome = home.vsf("run")
    assert outcome.exit_code == 1
    assert "vsf rebuild" in outcome.errors
    monkeypatch.setenv("VSF_LANDING", str(home.path / "nowhere"))
    outcome = home.vsf("run")
    assert outcome.exit_code == 2
    assert "VSF_LANDING" in outcome.errors


def test_a_reader_that_leaves_the_pipe_ends_a_query_without_a_word(demo_home: Home) -> None:
    outcome = subprocess.run(
        ["bash", "-c", '"$0" query "select * from range(30000)" --format csv | head -1', VSF],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (outcome.stdout.splitlines(), outcome.stderr) == (["range"], "")


def test_the_demo_shows_a_catalog_with_its_defects(demo_home: Home) -> None:
    states = demo_home.ask("select status, count(*) from reports.files where feed = 'catalog' group by 1 order by 1")
    assert states == [("loaded", 3), ("unreadable", 1)]
    kinds = {kind for (kind,) in demo_home.ask("select distinct anomaly from reports.anomalies where feed = 'catalog'")}
    assert kinds >= {"invalid_value", "missing_fields", "unreadable_file", "duplicate_key"}
    payloads = "select year from marts.dim_song_versions where title = 'Ebb' order by 1"
    assert demo_home.ask(payloads) == [(1999,), (2009,)]
