"""`vsf run` end to end: figures, duplicates, broken files, exit codes.

Not here: single defects of files (unit/ and engine/), crashes (test_crash.py).
"""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.runs.run_record import read_runs
from vsf_assets.snapshots.current import snapshot_number
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.events import event, event_text
from vsf_assets_tests.forms import changed_elsewhere, copy_home

IMPRESSIONS = "banner_id,campaign_id\n" + "".join(f"{b},7\n" for b in (1, 2, 3, 1, 1))
CLICKS = "click_id,banner_id,campaign_id\n10,1,7\n11,2,7\n12,2,7\n13,3,7\n"
CONVERSIONS = "conversion_id,click_id,revenue\n100,10,5\n101,11,2.5\n"
FILES = {"impressions_1.csv": IMPRESSIONS, "clicks_1.csv": CLICKS, "conversions_1.csv": CONVERSIONS}
SCORES = "select banner_id, rule from marts.fct_campaign_scores where campaign_id = 7 and quarter = 1 order by rank"
CHOSEN = [(1, "top_revenue"), (2, "top_revenue"), (3, "most_clicked")]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after `vsf run` with the files above."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("first_run"), patch)
        home.drop(FILES)
        assert home.vsf("run").exit_code == 0
    return home


@pytest.fixture
def loaded(home: Home, first_run: Home) -> Home:
    """A copy of it, for tests of what comes next."""
    copy_home(first_run.path, home.path, "dagster", "dbt")
    return home


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Let builds go without dbt and its tests, which rows like these pass in the other tests."""
    with built_directly(checked=False):
        yield


def statuses(home: Home) -> dict[str, str]:
    return dict(home.ask("select file_name, status from reports.files"))


def test_the_published_figures_of_the_real_quarter_come_out(home: Home, campaign_samples: Path) -> None:
    assert home.vsf("land", str(campaign_samples)).exit_code == 0
    home.load()
    sql = "select banner_id from marts.fct_campaign_scores where campaign_id = {} and quarter = 1 order by rank"
    expected = {
        1: [371, 125, 467, 300, 458, 187, 283, 414, 465, 170],
        23: [142, 199, 149, 282, 324, 308, 461, 207, 226, 116],
        50: [128, 452, 459, 284, 191, 496, 169, 455, 294, 176],
    }
    for campaign, banners in expected.items():
        answer = home.vsf("query", sql.format(campaign), "--format", "csv")
        assert answer.output.split() == ["banner_id", *map(str, banners)]
    loaded = home.ask("select feed, rows_loaded from reports.files order by feed")
    assert loaded == [("clicks", 50_000), ("conversions", 6_000), ("impressions", 150_000)]
    assert home.ask("select sum(revenue) from marts.fct_banner_performance") == [(Decimal("5402.245454"),)]


def test_the_same_content_under_another_name_changes_no_figure(loaded: Home) -> None:
    before = loaded.ask("from marts.fct_banner_performance order by all")
    loaded.drop({"clicks_1_again.csv": CLICKS})
    loaded.load(checked=False)
    assert statuses(loaded)["clicks_1_again.csv"] == "duplicate_file"
    assert "duplicate_file" in loaded.vsf("status").output
    assert loaded.ask("from marts.fct_banner_performance order by all") == before
    assert loaded.ask(SCORES) == CHOSEN


def test_of_a_file_that_repeats_half_its_rows_only_the_new_half_counts(home: Home) -> None:
    home.drop(FILES)
    home.drop({"clicks_1_more.csv": "click_id,banner_id,campaign_id\n12,2,7\n13,3,7\n14,3,7\n15,3,7\n"})
    home.load()
    repeated = home.ask("select anomaly, file_name, line_number, raw_value from reports.anomalies order by line_number")
    assert repeated == [
        ("duplicate_row", "clicks_1_more.csv", 2, "12"),
        ("duplicate_row", "clicks_1_more.csv", 3, "13"),
    ]
    clicks = home.ask("select banner_id, clicks from marts.fct_banner_performance order by banner_id")
    assert clicks == [(1, 1), (2, 2), (3, 3)]


def test_broken_files_beside_good_ones_are_explained_and_hold_nothing_back(home: Home) -> None:
    home.drop(FILES)
    home.drop(
        {
            "clicks_1_again.csv": CLICKS,
            "clicks_2.csv.gz": gzip.compress(CLICKS.encode() * 50)[:-9],
            "clicks_3.csv": "click_id,banner,campaign_id\n1,2,3\n",
            "clicks_4.csv": "click_id,banner_id,campaign_id\r\n1,2\r\n\r\nx,2,3\n4,5,6",
            "conversions.csv": CONVERSIONS,
            "notes.txt": "not ours",
        }
    )
    with built_directly():
        assert home.vsf("run").exit_code == 0
    found = home.ask("select file_name, line_number, anomaly, column_name from reports.anomalies order by all")
    assert found == [
        ("clicks_1_again.csv", None, "duplicate_file", None),
        ("clicks_2.csv.gz", None, "unreadable_file", None),
        ("clicks_3.csv", 1, "unknown_header", None),
        ("clicks_4.csv", 2, "missing_fields", "campaign_id"),
        ("clicks_4.csv", 4, "invalid_value", "click_id"),
        ("clicks_4.csv", 5, "unknown_reference", "banner_id"),
        ("conversions.csv", None, "missing_partition", None),
    ]
    different = home.ask(
        "select file_name from reports.files"
        " where lines_read != rows_loaded + rows_quarantined + rows_blank + rows_skipped"
    )
    assert different == []
    assert home.ask(SCORES) == CHOSEN
    assert "unknown" in home.vsf("status").output
    assert (home.landing / "notes.txt").exists()


def test_a_second_run_has_nothing_to_do(loaded: Home) -> None:
    assert "nothing is pending" in loaded.vsf("run").output


def test_a_file_that_two_feeds_claim_stays_and_is_shown_with_both(loaded: Home) -> None:
    loaded.drop({"clicks_conversions_2.csv": CLICKS, "notes.txt": "unknown"})
    why = "clicks_conversions_2.csv: its name is one of clicks and conversions; put it into the folder of its feed"
    outcome = loaded.vsf("run")
    assert outcome.exit_code == 0
    assert f"left in the landing zone: {why}" in outcome.errors
    assert "nothing is pending" in outcome.output
    assert "left in the landing zone" not in loaded.vsf("run", "--feed", "impressions").errors
    status = loaded.vsf("status")
    assert "0 pending, 1 unknown, 1 ambiguous" in status.output
    assert f"ambiguous: {why}" in status.output
    rows = [row for row in json.loads(loaded.vsf("status", "--format", "json").output) if row["status"] == "ambiguous"]
    assert [(row["feed"], row["file_name"]) for row in rows] == [("clicks, conversions", "clicks_conversions_2.csv")]
    (loaded.landing / "clicks/2").mkdir(parents=True)
    (loaded.landing / "clicks_conversions_2.csv").rename(loaded.landing / "clicks/2/clicks_conversions_2.csv")
    assert "1 pending, 1 unknown;" in loaded.vsf("status").output


@pytest.mark.usefixtures("unchecked")
def test_full_makes_every_mart_anew_although_nothing_is_pending(loaded: Home) -> None:
    """A table that somebody changed in the warehouse is repaired, and the snapshot is a new one."""
    with changed_elsewhere(Warehouse.of(read_settings())) as connection:
        connection.execute("delete from marts.fct_campaign_scores")
    assert "nothing is pending" in loaded.vsf("run").output
    full = loaded.vsf("run", "--full")
    assert (full.exit_code, snapshot_number(loaded.current.readlink())) == (0, 2)
    assert loaded.ask(SCORES) == CHOSEN


def test_without_any_file_a_run_says_so(home: Home) -> None:
    outcome = home.vsf("run")
    assert (outcome.exit_code, "nothing is pending" in outcome.output) == (0, True)


@pytest.mark.usefixtures("unchecked")
def test_partitions_choose_pending_files(home: Home) -> None:
    home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": CLICKS, "clicks_3.csv": CLICKS})
    assert home.vsf("run", "--partition", "2").exit_code == 0
    assert set(statuses(home)) == {"clicks_2.csv"}
    assert home.vsf("run", "--from", "2", "--to", "3").exit_code == 0
    assert set(statuses(home)) == {"clicks_2.csv", "clicks_3.csv"}


@pytest.mark.usefixtures("unchecked")
def test_a_range_of_days_is_taken_and_a_bad_day_holds_back_no_other(home: Home) -> None:
    for day in ("2019-05-20", "2019-05-21", "2019-05-23", "2019-05-24"):
        home.drop({f"{day}_a.txt": event_text(event(day, f"{day} 10:00:00", mdn="5551000001"))})
    home.drop({"2019-05-22_a.txt.gz": b"not gzip"})
    assert home.vsf("run", "--feed", "events", "--from", "2019-05-21", "--to", "2019-05-23").exit_code == 0
    found = home.ask("select partition_key, status from reports.files order by 1")
    assert found == [("2019-05-21", "loaded"), ("2019-05-22", "unreadable"), ("2019-05-23", "loaded")]
    assert sorted(path.name[:10] for path in home.landing.iterdir() if path.name[0] != ".") == [
        "2019-05-20",
        "2019-05-24",
    ]
    assert home.ask("select count(*) from marts.fct_activity_events") == [(2,)]


@pytest.mark.usefixtures("unchecked")
def test_force_reads_originals_again_in_place(loaded: Home) -> None:
    before, run_ids = loaded.tables(), loaded.ask("select run_id from reports.files where feed = 'clicks'")
    assert loaded.vsf("run", "--feed", "clicks", "--force").exit_code == 0
    assert loaded.tables() == before
    assert loaded.ask("select run_id from reports.files where feed = 'clicks'") != run_ids


def test_a_failed_blocking_check_keeps_the_snapshot_and_says_why(loaded: Home) -> None:
    before = loaded.current.readlink()
    with changed_elsewhere(Warehouse.of(read_settings())) as connection:
        connection.execute("delete from raw.clicks where click_id = 13")
    loaded.drop({"clicks_2.csv": CLICKS})
    outcome = loaded.vsf("run")
    assert outcome.exit_code == 1
    assert "not published" in outcome.errors
    assert "campaign_rows_match_the_ledger" in outcome.errors
    assert loaded.current.readlink() == before
    build, ingest = read_runs(loaded.path, limit=2)
    assert (ingest.kind, ingest.families, ingest.outcome, ingest.files_loaded) == (
        *("ingest", ["campaigns"], "succeeded", 1),
    )
    assert (build.kind, build.outcome, build.snapshot, len(build.blocking)) == ("build", "failed", None, 1)
    check = build.blocking[0]
    assert (check.name, check.rows) == ("campaign_rows_match_the_ledger", 1)
    assert f"{check.name}: {check.message}" in build.error
    log = (loaded.path / "logs" / f"{build.run_id}.jsonl").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    (failed,) = [line for line in lines if line["level"] == "error"]
    assert failed["message"] == f"blocking check failed: {check.name}: {check.message}. Rule: {check.rule}"
    assert [row["feed"] for row in failed["rows"]] == ["clicks"]
    with built_directly():
        assert loaded.vsf("run").exit_code == 1  # still not built, and it still says so
        assert loaded.vsf("run", "--force").exit_code == 0
    assert loaded.ask(SCORES) == CHOSEN


@pytest.mark.parametrize(
    "words",
    [
        "--feed nothing",
        "--partition 9",
        "--from 3 --to 2",
        "--partition 1 --from 1",
        "--from 2019-05-01 --to 4",
        "--no-such-option",
        "surplus",
    ],
)
def test_wrong_usage_ends_with_two(home: Home, words: str) -> None:
    assert home.vsf("run", *words.split()).exit_code == 2


@pytest.mark.usefixtures("unchecked")
def test_a_lost_warehouse_is_not_replaced_by_an_empty_one(loaded: Home) -> None:
    loaded.lose_warehouse()
    loaded.drop({"clicks_2.csv": CLICKS})
    outcome = loaded.vsf("run")
    assert outcome.exit_code == 1
    assert "vsf rebuild" in outcome.errors
    assert loaded.ask(SCORES) == CHOSEN
    assert loaded.vsf("rebuild").exit_code == 0
    loaded.load(checked=False)
    assert loaded.ask(SCORES) == CHOSEN
    assert len(statuses(loaded)) == 4
