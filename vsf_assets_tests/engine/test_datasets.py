"""Uploads of datasets on their way into the warehouse: one transaction, waiting, crashes, rebuild.

Not here: the tolerant reading (unit/test_tolerant.py) and what follows from rows together (dbt/).
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.ingest.session import ingest_archive
from vsf_assets.landing.multi_file_uploads import defer_incomplete, landing_times
from vsf_assets.storage.entry import Entry
from vsf_assets.warehouse import ledger
from vsf_assets_tests.datasets import csv_of, land_dataset, load, small_dataset
from vsf_assets_tests.warehouses import START, Home

TABLES = ("namespaces", "columns", "datapoints", "findings")


def minute(number: int) -> datetime:
    return (START + timedelta(minutes=number)).replace(tzinfo=None)


def state(home: Home) -> dict[str, list[object]]:
    scans_sources = {name: f"from raw.{name} order by all" for name in TABLES}
    scans_sources["files"] = "select * exclude (loaded_at, run_id) from raw.files order by all"
    return {name: home.query(sql) for name, sql in scans_sources.items()}


def test_an_upload_is_three_ledger_rows_with_the_time_of_its_newest_file(home: Home) -> None:
    land_dataset(home, "funds", small_dataset())
    load(home)
    assert home.query("select partition_key, file_name, landed_at, rows_loaded from raw.files order by 2") == [
        ("funds", name, minute(2), 1) for name in ("columns.csv", "datapoints.csv", "namespaces.csv")
    ]
    assert home.landed() == []
    home.assert_originals_are_kept()
    assert {path.rsplit("/", 1)[0] for path in home.archived()} == {"datasets/funds"}


def test_the_sample_is_read_with_its_findings(home: Home, samples: Path) -> None:
    folder = samples / "datasets" / "managed_investments"
    land_dataset(home, "managed_investments", {path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    load(home)
    assert home.findings("file_name, line_number, anomaly, column_name, severity") == [
        ("columns.csv", 8, "extra_fields", None, "warning"),
        ("datapoints.csv", 6, "invalid_value", "is_derived", "warning"),
        ("datapoints.csv", 7, "missing_fields", "data_point_standard_name", "warning"),
        ("namespaces.csv", 3, "missing_fields", "namespace_option_standard_name", "warning"),
    ]
    assert home.query("select sum(rows_loaded), sum(rows_quarantined) from raw.files") == [(17, 0)]


def test_a_file_that_cannot_be_stored_leaves_no_row_of_its_upload(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    land_dataset(home, "funds", small_dataset())
    with monkeypatch.context() as patch:
        store, calls = ledger._insert, []

        def third_fails(*words: object) -> None:
            calls.append(words)
            if len(calls) == 3:
                raise OSError("disk")
            store(*words)  # type: ignore[arg-type]

        patch.setattr(ledger, "_insert", third_fails)
        with pytest.raises(OSError, match="disk"):
            load(home)
    assert home.query("select count(*) from raw.files") == [(0,)]
    assert home.query("select count(*) from raw.namespaces") == [(0,)]
    assert len(home.landed()) == 3
    load(home)
    assert home.query("select count(*) from raw.files") == [(3,)]


def crash_while_filing(home: Home, monkeypatch: pytest.MonkeyPatch, filed: int) -> None:
    """Take what is pending, and die when so many files are in the archive."""
    from vsf_assets.ingest import move_to_archive as filing

    archive_file, calls = filing.archive_file, []

    def dies(*words: object) -> bool:
        if len(calls) == filed:
            raise KeyboardInterrupt
        calls.append(words)
        return archive_file(*words)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(filing, "archive_file", dies)
        with pytest.raises(KeyboardInterrupt):
            load(home)
    assert len(home.landed()) == 3 - filed


@pytest.mark.parametrize("filed", [1, 2])
def test_a_crash_while_filing_leaves_files_that_are_known(
    home: Home, monkeypatch: pytest.MonkeyPatch, filed: int
) -> None:
    land_dataset(home, "funds", small_dataset())
    crash_while_filing(home, monkeypatch, filed)
    load(home)
    assert home.landed() == []
    assert home.query("select count(*) from raw.files") == [(3,)]
    home.assert_originals_are_kept()


@pytest.mark.parametrize("filed", [0, 1, 2])
def test_after_a_crash_a_changed_file_makes_a_version_of_all_that_lies_there(
    home: Home, monkeypatch: pytest.MonkeyPatch, filed: int
) -> None:
    land_dataset(home, "funds", small_dataset())
    crash_while_filing(home, monkeypatch, filed)
    # The files go in the order they came: namespaces, columns, datapoints. Those that are gone come again.
    again = dict(list(small_dataset(namespaces=["ns-1,Other,o"]).items())[: max(filed, 1)])
    land_dataset(home, "funds", again, minute=30)
    load(home)
    counts = home.query("select landed_at, count(*) from raw.files group by 1 order by 1")
    assert counts == [(minute(2), 3), (minute(29 + max(filed, 1)), 3)]
    assert home.query("select namespace_option_name from raw.namespaces order by 1") == [("Fund",), ("Other",)]
    assert home.query("select count(*) from raw.columns") == [(2,)]
    assert home.landed() == []
    home.assert_originals_are_kept()


def test_a_missing_file_is_waited_for_and_then_the_rest_is_taken(tmp_path: Path) -> None:
    home = Home(tmp_path, DATASET_WAIT_SECONDS="0.4")
    files = small_dataset()
    del files["columns.csv"]
    for path in land_dataset(home, "funds", files):
        os.utime(path)
    load(home)
    (newest,) = home.query("select max(landed_at) from raw.files")[0]
    assert home.query("select count(*) from raw.files") == [(2,)]
    assert datetime.now(UTC).replace(tzinfo=None) - newest > timedelta(seconds=0.4)


def test_files_of_an_upload_wait_for_each_other() -> None:
    def entry(path: str, second: int) -> Entry:
        return Entry(path, 1, START + timedelta(seconds=second))

    three = [entry(f"datasets/a/{name}.csv", 9) for name in ("namespaces", "columns", "datapoints")]
    other, two = entry("clicks_1.csv", 9), [entry("datasets/b/columns.csv", 0), entry("datasets/b/namespaces.csv", 5)]

    def held(stable: list[Entry], unsettled: list[Entry], second: float) -> tuple[set[str], set[str]]:
        found = defer_incomplete(stable, unsettled, lambda e: e.modified.timestamp(), START.timestamp() + second, 60)
        return {e.path for e in found[0]}, {e.path for e in found[1]}

    paths = {e.path for e in three}
    assert held([*three, other], [], 10) == ({*paths, other.path}, set())
    assert held([*three[:2], other], three[2:], 10) == ({other.path}, paths)
    assert held(two, [], 64) == (set(), {e.path for e in two})
    assert held(two, [], 65) == ({e.path for e in two}, set())
    assert landing_times([*three, *two, other]) == {
        ("datasets", "a"): START + timedelta(seconds=9),
        ("datasets", "b"): START + timedelta(seconds=5),
    }


def test_every_upload_is_loaded_and_equal_ones_too(home: Home) -> None:
    for number in range(2):
        land_dataset(home, "funds", small_dataset(), minute=10 * number)
        load(home)
    assert home.query("select landed_at, count(*), min(status) from raw.files group by 1 order by 1") == [
        (minute(2), 3, "loaded"),
        (minute(12), 3, "loaded"),
    ]
    assert home.query("select count(*) from raw.columns") == [(2,)]


def test_equal_names_in_other_datasets_are_other_uploads(home: Home) -> None:
    land_dataset(home, "a", small_dataset())
    land_dataset(home, "b", small_dataset())
    load(home)
    assert home.query("select partition_key, count(*) from raw.files group by 1 order by 1") == [("a", 3), ("b", 3)]


def test_an_upload_of_the_same_instant_with_other_content_is_refused(home: Home) -> None:
    land_dataset(home, "funds", small_dataset())
    load(home)
    land_dataset(home, "funds", small_dataset(namespaces=["ns-1,Other,other"]))
    report = home.ingest(feeds=["datasets"])
    assert next(why for _, why in report.failed).endswith("landed at the same instant; touch one of the files")
    assert home.query("select count(*) from raw.files") == [(3,)]


def test_a_rebuild_and_a_forced_run_give_the_same_rows(home: Home) -> None:
    bad = small_dataset(namespaces=["ns-1", ",no key,x", "ns-1,Fund,fund"])
    land_dataset(home, "funds", bad)
    land_dataset(
        home, "other", {"columns.csv": csv_of("columns.csv", "c-1,ns-1,db,t,col,dp-1,O"), "datapoints.csv": b"x\n"}
    )
    load(home)
    before = state(home)
    assert home.query("select count(*) from raw.files where status = 'unreadable'") == [(1,)]
    load(home, reload="all")
    assert state(home) == before
    with home.warehouse.lock("test"):
        beside = home.warehouse.beside()
        ingest_archive(beside, "test")
        with beside.connect(read_only=True) as connection:
            sql = "select * exclude (loaded_at, run_id) from raw.files order by all"
            assert connection.execute(sql).fetchall() == before["files"]
            for name in TABLES:
                assert connection.execute(f"from raw.{name} order by all").fetchall() == before[name]


def test_loaded_files_may_stay_where_they_are(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    land_dataset(home, "funds", small_dataset())
    load(home)
    load(home)
    assert len(home.landed()) == 3
    assert home.query("select count(*) from raw.files") == [(3,)]
    land_dataset(home, "funds", {"namespaces.csv": csv_of("namespaces.csv", "ns-1,Other,o")}, minute=30)
    load(home)
    assert home.query("select landed_at, count(*) from raw.files group by 1 order by 1") == [
        (minute(2), 3),
        (minute(30), 3),
    ]
