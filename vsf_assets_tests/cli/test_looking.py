"""`vsf status`, `vsf query`, `vsf report`, `vsf demo`: what they print, and what they load."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"
VSF = str(Path(sys.executable).with_name("vsf"))
HEAVY = {"dagster", "polars", "pandera", "dbt", "pandas", "numpy"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after `vsf demo`; tests only look at it."""
    home = Home(tmp_path_factory.mktemp("demo"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSF_HOME", str(home.path))
        patch.setenv("VSF_SETTLE_SECONDS", "0")
        outcome = home.vsf("demo")
        assert outcome.exit_code == 0
        assert "next steps" in outcome.output
        assert "warning: contract of raw.clicks: see reports.anomalies" in outcome.output + outcome.errors
    return home


@pytest.fixture
def looked_at(demo: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("VSF_HOME", str(demo.path))
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    return demo


def test_the_demo_shows_every_scoring_rule_and_many_kinds_of_findings(looked_at: Home) -> None:
    assert {row[0] for row in looked_at.ask("select distinct rule from marts.fct_campaign_scores")} == {
        "top_revenue",
        "most_clicked",
        "random",
    }
    assert len(looked_at.ask("select distinct anomaly from reports.anomalies")) >= 10


def test_a_second_demo_changes_no_figure(looked_at: Home) -> None:
    before = looked_at.current.readlink(), looked_at.tables()
    outcome = looked_at.vsf("demo")
    assert (outcome.exit_code, "nothing is pending" in outcome.output) == (0, True)
    assert (looked_at.current.readlink(), looked_at.tables()) == before


def test_query_answers_as_csv_json_and_a_table(looked_at: Home) -> None:
    sql = "select file_name, bytes from reports.files where feed = 'clicks' order by bytes limit 1"
    assert looked_at.vsf("query", sql, "--format", "csv").output.splitlines()[0] == "file_name,bytes"
    (row,) = json.loads(looked_at.vsf("query", sql, "--format", "json").output)
    assert set(row) == {"file_name", "bytes"}
    assert looked_at.vsf("query", sql).output.splitlines()[1].startswith("---")


def test_money_stays_exact_in_json(looked_at: Home) -> None:
    text = looked_at.vsf("query", "select 1.100000::decimal(18,6) as money", "--format", "json").output
    assert "1.100000" in text


@pytest.mark.parametrize(
    "sql", ["selec 1", "from marts.nothing", "delete from raw.clicks", "create table x as select 1"]
)
def test_sql_that_cannot_be_is_wrong_usage(looked_at: Home, sql: str) -> None:
    outcome = looked_at.vsf("query", sql)
    assert outcome.exit_code == 2
    assert "vsf-" in outcome.errors


def test_without_a_snapshot_a_query_says_what_to_do(home: Home) -> None:
    outcome = home.vsf("query", "select 1")
    assert outcome.exit_code == 1
    assert "vsf run" in outcome.errors


def test_scores_are_written_as_json_and_csv_with_the_same_rows(looked_at: Home, tmp_path: Path) -> None:
    for suffix in ("json", "csv"):
        assert looked_at.vsf("report", "scores", "--quarter", "1", "-o", str(tmp_path / f"s.{suffix}")).exit_code == 0
    from_json = json.loads((tmp_path / "s.json").read_text())
    from_csv = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert [str(r["banner_id"]) for r in from_json] == [r["banner_id"] for r in from_csv]
    assert {r["quarter"] for r in from_json} == {1}
    assert looked_at.vsf("report", "scores").exit_code == 0
    assert (looked_at.path / "reports" / "campaign_scores.json").exists()


def test_a_report_of_nothing_or_of_another_kind_is_refused(looked_at: Home, tmp_path: Path) -> None:
    assert looked_at.vsf("report", "scores", "--campaign", "1", "-o", str(tmp_path / "x.csv")).exit_code == 2
    assert looked_at.vsf("report", "scores", "-o", str(tmp_path / "x.xlsx")).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_status_tells_every_state(home: Home) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv.gz": b"no gzip", "notes.txt": "?"})
    home.vsf("run")
    home.drop({"clicks_1_again.csv": CLICKS})
    home.vsf("run")
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


def test_status_reads_the_snapshot_while_the_warehouse_is_in_use_and_says_so(looked_at: Home) -> None:
    with Warehouse.of(read_settings()).lock("a test"):
        outcome = looked_at.vsf("status")
    assert outcome.exit_code == 0
    assert "because the warehouse is in use" in outcome.output


@pytest.mark.parametrize("words", [["run"], ["status"], ["query", "select 1"], ["land", "--help"], ["--help"]])
def test_a_command_with_nothing_to_do_loads_nothing_heavy(looked_at: Home, words: list[str]) -> None:
    code = (
        "import sys\nfrom vsf_assets.cli.main import cli\n"
        f"cli.main({words!r}, standalone_mode=False)\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("[]")


def test_a_damaged_warehouse_and_a_missing_place_are_said_in_a_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.path / "warehouse").mkdir(parents=True)
    (home.path / "warehouse" / "warehouse.duckdb").write_text("garbage")
    outcome = home.vsf("run")
    assert outcome.exit_code == 1
    assert "vsf rebuild" in outcome.errors
    monkeypatch.setenv("VSF_LANDING", str(home.path / "nowhere"))
    outcome = home.vsf("run")
    assert outcome.exit_code == 2
    assert "VSF_LANDING" in outcome.errors


def test_a_reader_that_leaves_the_pipe_ends_a_query_without_a_word(looked_at: Home) -> None:
    outcome = subprocess.run(
        ["bash", "-c", '"$0" query "select * from range(200000)" --format csv | head -1', VSF],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (outcome.stdout.splitlines(), outcome.stderr) == (["range"], "")
