"""A changed reading: what is announced, what a run reads again, and what happens where that cannot be done.

Not here: which contracts lead to another version (unit/test_contracts.py), a home of an earlier release
(cli/test_earlier_home.py).
"""

import os
from pathlib import Path

import pytest

from vsf_assets.archive.outdated_originals import Outdated, lines_of_left, outdated_files, split_outdated
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.recovery_sensors import _missing_runs
from vsf_assets.ingest import loader as batches
from vsf_assets.pipeline.status import Survey, survey
from vsf_assets.warehouse import contract_versions as versions
from vsf_assets.warehouse.ledger import read_files
from vsf_assets_tests.warehouses import Home, clicks, conversions


def filled(root: Path, **variables: str) -> Home:
    home = Home(root, **variables)
    for n in range(3):
        home.land(f"clicks_1_{n}.csv", clicks(n + 1), minute=n)
    home.land("clicks_1_again.csv", clicks(1), minute=4)
    home.land("conversions_1.csv", conversions(1), minute=5)
    home.ingest()
    return home


def mend(patch: pytest.MonkeyPatch, home: Home, *feeds: str) -> None:
    """Let the reading of feeds have another revision, as a release has that is installed."""
    original = versions._by_feed
    patch.setattr(versions, "_by_feed", lambda settings: {**original(settings), **dict.fromkeys(feeds, "mended")})
    home.warehouse.migrate(lambda _: None)


def found(home: Home) -> Survey:
    return survey(home.settings, home.warehouse)


def outdated(home: Home) -> Outdated:
    with home.warehouse.read("test") as connection:
        assert connection is not None
        files = outdated_files(read_files(connection), versions.contract_versions(home.settings))
    return split_outdated(files, {row.archive_path for row in files if (home.archive / row.archive_path).exists()})


def test_nothing_is_announced_before_a_reading_changes(tmp_path: Path) -> None:
    home = filled(tmp_path)
    assert outdated(home).announcement == []
    assert found(home).outdated == []


def test_what_will_be_read_again_is_announced_by_feed_and_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = filled(tmp_path)
    before = home.state()
    mend(monkeypatch, home, "clicks", "conversions")
    assert outdated(home).announcement == [
        "4 originals will be read again: the reading of clicks (3), conversions (1) changed in this release"
    ]
    assert [row.file_name for row in found(home).contract_changed] == [row.file_name for row in outdated(home).again]
    assert [request.job_name for request in _missing_runs(found(home))] == ["ingest_campaigns"] * 1 + [BUILD_JOB] * 1
    names = [row.file_name for row in home.ingest().stored]
    assert names == ["clicks_1_0.csv", "clicks_1_1.csv", "clicks_1_2.csv", "clicks_1_again.csv", "conversions_1.csv"]
    assert outdated(home).announcement == []
    assert [request.job_name for request in _missing_runs(found(home))] == [BUILD_JOB]
    after = home.state()
    without = "select * exclude (contract_version, loaded_at, run_id) from raw.files order by all"
    assert len(home.query(without)) == 5
    assert {name: rows for name, rows in after.items() if name != "raw.files"} == {
        name: rows for name, rows in before.items() if name != "raw.files"
    }


def test_what_was_stopped_half_way_goes_on_with_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = filled(tmp_path)
    rows = home.query("from raw.clicks order by all")
    mend(monkeypatch, home, "clicks")
    monkeypatch.setattr(batches, "BATCH_FILES", 1)
    read = batches.read_one_file

    def stopped(input_file, *rest):
        if input_file.name == "clicks_1_1.csv":
            raise KeyboardInterrupt
        return read(input_file, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "read_one_file", stopped)
        with pytest.raises(KeyboardInterrupt):
            home.ingest()
    assert home.query("from raw.clicks order by all") == rows
    assert outdated(home).announcement == [
        "2 originals will be read again: the reading of clicks (2) changed in this release"
    ]
    assert [row.file_name for row in home.ingest().stored] == ["clicks_1_1.csv", "clicks_1_2.csv", "clicks_1_again.csv"]
    assert home.query("from raw.clicks order by all") == rows


def test_originals_that_were_deleted_stay_as_they_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = filled(tmp_path, AFTER_LOAD="delete")
    before = home.state()
    mend(monkeypatch, home, "clicks")
    assert outdated(home).announcement == [
        "3 originals cannot be read again and stay as read before: the reading of clicks (3) changed in this release,"
        " but the archive does not hold them (VSF_AFTER_LOAD=delete keeps none)"
    ]
    assert found(home).outdated == []
    home.land("clicks_2.csv", clicks(9), minute=9)
    report = home.ingest()
    assert ([row.file_name for row in report.stored], report.failed) == (["clicks_2.csv"], [])
    assert {why for _, why in report.left} == {"cannot be read again: the original is not in the archive"}
    assert [row for row in home.state()["raw.clicks"] if row in before["raw.clicks"]] == before["raw.clicks"]


def test_a_damaged_original_keeps_neither_other_families_nor_the_build_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = filled(tmp_path)
    home.land("lines.csv", b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n5551000001,APPLE,Retail,2019-05-20\n")
    home.ingest(feeds=["lines"])
    original = next(home.archive.rglob("*__clicks_1_1.csv"))
    status = original.stat()
    original.write_bytes(original.read_bytes().replace(b"2", b"7"))  # bits that changed by themselves: no new time
    os.utime(original, ns=(status.st_atime_ns, status.st_mtime_ns))
    mend(monkeypatch, home, "clicks", "lines")
    report = home.ingest()
    assert [why for _, why in report.failed] == ["the archived file is damaged: its SHA-256 is not the ledger's"]
    jobs = {request.job_name for request in _missing_runs(found(home))}
    assert jobs == {"ingest_campaigns", "ingest_mobile_states", BUILD_JOB}


def test_of_many_left_for_one_reason_a_few_are_named() -> None:
    left = [(f"a{n}", "gone") for n in range(12)] + [("b", "changed")]
    lines = list(lines_of_left(left))
    assert lines == [*(f"a{n}: gone" for n in range(10)), "b: changed", "and 2 more: gone"]
