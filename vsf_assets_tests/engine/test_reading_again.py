"""Originals read again: on demand, and after a change of the contract; in place of their earlier rows."""

from pathlib import Path

import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited
from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import session as engine
from vsf_assets.warehouse.contract_versions import Versions
from vsf_assets.warehouse.input_and_result import ReadResult
from vsf_assets_tests.forms import changed_elsewhere
from vsf_assets_tests.warehouses import Home, clicks, conversions

BAD = clicks(1, 2) + b"x,1,1\n"


@pytest.fixture
def loaded(home: Home) -> Home:
    home.land("clicks_1.csv", BAD)
    home.land("clicks_1_again.csv", BAD, minute=1)
    home.land("clicks_2.csv", b"broken\n", minute=2)
    home.land("conversions_1.csv", conversions(1), minute=3)
    home.ingest()
    return home


def change_contract(patch: pytest.MonkeyPatch, *feeds: str) -> None:
    original = engine.contract_versions
    patch.setattr(
        engine, "contract_versions", lambda s: Versions({**original(s).by_feed, **dict.fromkeys(feeds, "another")}, {})
    )


def test_reading_all_again_changes_nothing_but_the_time_and_the_run(loaded: Home) -> None:
    before, archived, times = loaded.state(), loaded.archived(), dict(loaded.files("file_name, loaded_at"))
    report = loaded.ingest(reload="all")
    assert [row.file_name for row in report.stored] == ["clicks_1.csv", "clicks_2.csv", "conversions_1.csv"]
    assert (loaded.state(), loaded.archived()) == (before, archived)
    again = dict(loaded.files("file_name, loaded_at"))
    assert {name for name in again if again[name] > times[name]} == {row.file_name for row in report.stored}


@pytest.mark.both_forms
def test_feeds_and_partitions_choose_what_is_read_again(loaded: Home) -> None:
    report = loaded.ingest(reload="all", partitions=["2"])
    assert [row.file_name for row in report.stored] == ["clicks_2.csv"]


def test_changed_contract_reads_every_delivery_of_its_feed_again(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded.query("select * exclude (contract_version, loaded_at, run_id) from raw.files order by all")
    change_contract(monkeypatch, "clicks")
    report = loaded.ingest()
    assert {row.feed for row in report.stored} == {"clicks"}
    assert {v for f, v in loaded.files("feed, contract_version") if f == "clicks"} == {"another"}
    assert loaded.query("select * exclude (contract_version, loaded_at, run_id) from raw.files order by all") == before
    assert loaded.ingest().stored == []


@pytest.mark.both_forms
def test_contract_is_not_looked_at_when_nothing_is_to_be_read_again(
    loaded: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_contract(monkeypatch, "clicks")
    assert loaded.ingest(reload="no").stored == []


@pytest.mark.both_forms
def test_original_that_a_new_contract_cannot_read_takes_its_duplicates_along(
    loaded: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = batches.read_one_file

    def unreadable(input_file, folder, *rest) -> ReadResult:
        delivery = read(input_file, folder, *rest)
        if input_file.feed.name != "clicks":
            return delivery
        return ReadResult(input_file, delivery.sha256, delivery.size, readable=False)

    change_contract(monkeypatch, "clicks")
    monkeypatch.setattr(batches, "read_one_file", unreadable)
    loaded.ingest()
    assert {s for f, s in loaded.files("feed, status") if f == "clicks"} == {"unreadable"}
    assert loaded.click_ids() == []


def test_idle_run_reads_again_and_a_busy_one_does_not(loaded: Home) -> None:
    loaded.land("clicks_4.csv", clicks(9))
    assert [row.file_name for row in loaded.ingest(reload="if_idle").stored] == ["clicks_4.csv"]
    assert len(loaded.ingest(reload="if_idle").stored) == 4


@pytest.mark.both_forms
def test_new_and_archived_files_are_taken_in_landing_order(loaded: Home) -> None:
    loaded.land("clicks_3.csv", clicks(7), minute=1)
    names = [row.file_name for row in loaded.ingest(reload="all").stored]
    assert names == ["clicks_1.csv", "clicks_3.csv", "clicks_2.csv", "conversions_1.csv"]


def test_missing_original_is_told_and_its_rows_stay(loaded: Home) -> None:
    before = loaded.state()
    next(loaded.archive.rglob("*__clicks_1.csv")).unlink()
    report = loaded.ingest(reload="all")
    assert [why for _, why in report.left] == ["cannot be read again: the original is not in the archive"]
    assert loaded.state() == before


def test_damaged_original_is_told_and_its_rows_stay(loaded: Home) -> None:
    before = loaded.state()
    next(loaded.archive.rglob("*__clicks_1.csv")).write_bytes(clicks(8))
    report = loaded.ingest(reload="all")
    assert ["is damaged" in why for _, why in report.failed] == [True]
    assert loaded.state() == before


def test_table_of_another_shape_is_made_anew_and_filled_again(loaded: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded.query("from raw.clicks order by all")
    with changed_elsewhere(loaded.warehouse) as connection:
        connection.execute("alter table raw.clicks add column colour varchar")
    change_contract(monkeypatch, "clicks")
    loaded.ingest()
    assert loaded.query("from raw.clicks order by all") == before


def test_rows_of_a_feed_that_is_gone_hold_nothing_back(loaded: Home) -> None:
    with loaded.warehouse.write("test") as connection:
        connection.execute("update raw.files set feed = 'retired' where feed = 'conversions'")
    assert "retired" not in all_feeds()
    loaded.land("clicks_3.csv", clicks(5))
    loaded.ingest()
    assert loaded.click_ids() == [1, 2, 5]


@pytest.mark.both_forms
def test_contract_versions_are_kept_until_the_sources_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.warehouse import contract_versions as versions

    home = Home(tmp_path)
    first = versions.contract_versions(home.settings)
    monkeypatch.setattr(versions, "_compute", lambda: {"clicks": "computed"})
    assert versions.contract_versions(home.settings) == first
    monkeypatch.setattr(versions, "_source_digest", lambda: "other sources")
    assert versions.contract_versions(home.settings).by_feed == {"clicks": "computed"}
    (home.root / "cache" / "contract-versions.json").write_text("{damaged")
    assert versions.contract_versions(home.settings).by_feed == {"clicks": "computed"}


@pytest.mark.both_forms
def test_a_raised_revision_of_a_reading_reads_the_originals_of_its_feeds_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = b"CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT00001,Old,Gold\r\r\n"
    plans = "select distinct SVC_PLAN from raw.accounts"
    versions = home.root / "cache" / "contract-versions.json"
    with monkeypatch.context() as patch:  # as an earlier release read it
        patch.setattr(Delimited, "revision", 1)
        patch.setattr(
            "vsf_assets.readers.delimited.exact_parser.without_line_end", lambda line: line[:-1].removesuffix(b"\r")
        )
        home.land("2026-01-05_accountdim.csv", accounts)
        home.warehouse.migrate(lambda _: None)  # a shared lake is of one release
        home.ingest(feeds=["accounts"])
        assert home.query(plans) == [("Gold\r",)]
    versions.unlink()  # it is made again by another release, whose source is another
    home.warehouse.migrate(lambda _: None)
    assert [row.status for row in home.ingest(feeds=["accounts"]).stored] == ["loaded"]
    assert home.query(plans) == [("Gold",)]
    assert home.ingest(feeds=["accounts"]).stored == []
