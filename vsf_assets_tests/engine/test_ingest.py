"""One ingest: what a landed file becomes in the ledger, the raw tables, the archive.

Not here: duplicates (test_duplicates.py), orders (test_any_order.py), broken files (test_broken_files.py).
"""

import hashlib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vsf_assets_tests.warehouses import START, Home, clicks, conversions


@pytest.mark.both_forms
def test_file_becomes_rows_a_ledger_row_and_an_archived_original(home: Home) -> None:
    content = b"conversion_id,click_id,revenue\n5,6,1.25\n\n7,x,2\n"
    home.land("1/conversions_1.csv", content, minute=3)
    home.ingest()
    digest = hashlib.sha256(content).hexdigest()
    path = f"conversions/1/20260105T120300.000000Z__{digest[:12]}__conversions_1.csv"
    columns = (
        "feed, partition_key, file_name, sha256, status, bytes, lines_read, rows_loaded, rows_quarantined,"
        " rows_blank, rows_skipped, landed_at, run_id, archive_path"
    )
    landed_at = (START + timedelta(minutes=3)).replace(tzinfo=None)
    assert home.files(columns) == [
        (
            "conversions",
            "1",
            "conversions_1.csv",
            digest,
            "loaded",
            len(content),
            3,
            1,
            1,
            1,
            0,
            landed_at,
            "test",
            path,
        )
    ]
    ((file_id,),) = home.files("file_id")
    assert home.query("from raw.conversions") == [(file_id, 2, 5, 6, Decimal("1.25"))]
    columns = "line_number, anomaly, column_name, raw_value, raw_text, severity, is_quarantined"
    assert home.findings(columns) == [(4, "invalid_value", "click_id", "x", "7,x,2", "error", True)]
    assert home.archived() == {path: content}
    assert home.landed() == []


@pytest.mark.both_forms
def test_second_run_does_nothing(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1, 2))
    home.ingest()
    before = (home.state(), home.files("loaded_at, run_id"))
    report = home.ingest()
    assert (report.stored, report.left) == ([], [])
    assert (home.state(), home.files("loaded_at, run_id")) == before


@pytest.mark.both_forms
def test_report_tells_what_was_stored(home: Home) -> None:
    home.land("clicks_2.csv", clicks(1, 2), minute=1)
    home.land("clicks_1.csv", clicks(1, 2), minute=0)
    report = home.ingest()
    assert [(row.file_name, row.status, row.rows_loaded) for row in report.stored] == [
        ("clicks_1.csv", "loaded", 2),
        ("clicks_2.csv", "loaded", 2),
    ]


@pytest.mark.both_forms
def test_nothing_landed_makes_empty_typed_tables(home: Home) -> None:
    home.ingest()
    assert all(rows == [] for rows in home.state().values())
    described = home.query("select column_name, column_type from (describe raw.conversions)")
    assert described == [
        ("_file_id", "BIGINT"),
        ("_line", "BIGINT"),
        ("conversion_id", "BIGINT"),
        ("click_id", "BIGINT"),
        ("revenue", "DECIMAL(18,6)"),
    ]


@pytest.mark.both_forms
def test_files_that_are_not_deliveries_stay_untouched(home: Home) -> None:
    for name in ("notes.txt", "clicks_1.csv.tmp", "clicks_1.csv.part", ".clicks_1.csv"):
        home.land(name, clicks(1))
    home.ingest()
    assert home.files() == []
    assert home.landed() == [".clicks_1.csv", "clicks_1.csv.part", "clicks_1.csv.tmp", "notes.txt"]


@pytest.mark.both_forms
def test_marker_goes_with_its_file(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.land("clicks_1.csv.done", b"")
    home.ingest()
    assert home.landed() == []
    assert len(home.archived()) == 1


@pytest.mark.both_forms
def test_file_that_keeps_changing_is_left_for_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path, SETTLE_SECONDS="0.01", SETTLE_TIMEOUT="0")
    home.land("clicks_1.csv", clicks(1))
    report = home.ingest()
    assert report.left == [("clicks_1.csv", "still changing after 0 s")]
    assert home.landed() == ["clicks_1.csv"]


@pytest.mark.both_forms
def test_feeds_and_partitions_choose_files_and_leave_the_others(home: Home) -> None:
    for name in ("clicks_1.csv", "clicks_2.csv", "clicks.csv"):
        home.land(name, clicks(1))
    home.land("conversions_2.csv", conversions(1))
    home.ingest(feeds=["clicks"], partitions=["2"])
    assert home.files("file_name") == [("clicks_2.csv",)]
    assert home.landed() == ["clicks.csv", "clicks_1.csv", "conversions_2.csv"]


@pytest.mark.both_forms
def test_name_with_odd_characters_keeps_its_rows_and_its_original(home: Home) -> None:
    name = "clicks_1 ü__'\"\n%s;.csv"
    home.land(name, clicks(1))
    home.ingest()
    assert home.files("file_name, rows_loaded") == [(name, 1)]
    home.assert_originals_are_kept()


@pytest.mark.parametrize("limit", ["BATCH_FILES", "BATCH_BYTES"])
def test_batches_of_one_file_give_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    states = []
    for number in range(2):
        home = Home(tmp_path / str(number))
        for minute in range(4):
            home.land(f"clicks_{minute + 1}.csv", clicks(minute, 9), minute)
        home.ingest()
        states.append(home.state())
        monkeypatch.setattr(f"vsf_assets.ingest.loader.{limit}", 1)
    assert states[0] == states[1]


@pytest.mark.both_forms
def test_scratch_is_left_empty_and_what_dead_processes_left_is_removed(home: Home) -> None:
    left = home.settings.scratch / "run-999999999-x"
    (left / "0").mkdir(parents=True)
    alive = home.settings.scratch / "run-1-x"
    alive.mkdir()
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    assert [path.name for path in home.settings.scratch.glob("run-*")] == ["run-1-x"]


@pytest.mark.both_forms
def test_real_quarter_is_loaded_whole(home: Home, samples: Path) -> None:
    for feed in ("impressions", "clicks", "conversions"):
        home.land(f"1/{feed}_1.csv", (samples / "campaigns" / "1" / f"{feed}_1.csv").read_bytes())
    home.ingest()
    assert home.files("file_name, rows_loaded, rows_quarantined") == [
        ("clicks_1.csv", 50_000, 0),
        ("conversions_1.csv", 6_000, 0),
        ("impressions_1.csv", 150_000, 0),
    ]
    assert home.query("select sum(revenue) from raw.conversions") == [(Decimal("5402.245454"),)]
    assert home.query("select count(*) from (select distinct banner_id, campaign_id from raw.impressions)") == [
        (20_040,)
    ]
