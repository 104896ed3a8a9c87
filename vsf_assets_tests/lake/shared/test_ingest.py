"""Deliveries in a lake that several machines share: what it holds is what one file holds, whoever stores it, and once.

Here: the form, by the engine and by the commands that make a lake. Not here: its guards one by one (test_fence.py,
test_attacks.py), and builds.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from vsf_assets.archive.archive_file import refuse_lost_warehouse
from vsf_assets.backup.backup_home import back_up
from vsf_assets.common.errors import VsfError
from vsf_assets.demo import demo_files
from vsf_assets.feeds import all_feeds
from vsf_assets.ingest import session
from vsf_assets.landing.home_marker import claim, refuse_foreign
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline import build, status
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.storage.base import Store
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_store import SharedStoreSession
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.lake.shared import children
from vsf_assets_tests.lake.shared.homes import raw_tables, reading, shared_home
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.warehouses import Home, clicks, conversions


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, catalog: str) -> Home:
    """A home with a prepared lake, in a folder or in a bucket."""
    let_this_process_remove()
    place = str(tmp_path / "lakes" / "lake")
    if request.param == "bucket":
        bucket: Bucket = request.getfixturevalue("bucket")
        place = bucket.address("lake")
    home = shared_home(tmp_path / "home", catalog, place)
    home.warehouse.prepare(lambda _: None)
    return home


@pytest.fixture
def file_form(tmp_path: Path) -> Home:
    """A home whose warehouse is one file."""
    return Home(tmp_path / "other", LAKE="")


@pytest.mark.lake
def test_each_state_equals_that_of_the_file_form(lake: Home, file_form: Home) -> None:
    def first(home: Home) -> None:
        home.land("clicks_1.csv", clicks(1, 2) + b"x,1,1\n", 1)
        home.land("impressions_1.csv", b"impression_id,banner_id,campaign_id\n1,10,7\n2,20,7\nx,1,1\n", 2)
        home.land("conversions_1.csv", conversions(1), 3)
        home.land("clicks_2.csv", b"", 4)
        home.ingest()

    def forced(home: Home) -> None:
        home.ingest(reload="all")

    def late_twin(home: Home) -> None:
        home.land("clicks_1.csv", clicks(3), 0)
        home.ingest()

    def nothing(home: Home) -> None:
        report = home.ingest()
        assert (report.stored, report.left, report.failed) == ([], [], [])

    for step in (first, forced, late_twin, nothing):
        for home in (lake, file_form):
            step(home)
        found = raw_tables(lake)
        assert found == raw_tables(file_form), step.__name__
        assert len(found) > 20
        assert found["raw.clicks"]
        assert found["raw.findings"]
    lake.assert_originals_are_kept()


def test_nothing_is_written_before_the_lake_is_prepared(tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.land("clicks_1.csv", clicks(1))
    with pytest.raises(VsfError, match="vsf prepare"):
        home.ingest()
    assert not home.warehouse.exists
    assert not (tmp_path / "lakes").exists()


@pytest.mark.lake
def test_the_demo_is_stored_as_in_the_file_form(lake: Home, file_form: Home) -> None:
    for number, (path, content) in enumerate(demo_files().items()):
        for home in (lake, file_form):
            home.land(path, content, number)
    feeds = [name for name, feed in all_feeds().items() if not feed.is_fetched]
    for home in (lake, file_form):
        assert home.ingest(feeds=feeds).stored
    assert raw_tables(lake) == raw_tables(file_form)
    assert lake.ingest(feeds=feeds).stored == []


def test_two_processes_store_each_file_once(tmp_path: Path, catalog: str, bucket: Bucket) -> None:
    home = shared_home(tmp_path / "home", catalog, bucket.address("lake"))
    home.warehouse.prepare(lambda _: None)
    for number in range(1, 13):
        home.land(f"clicks_{number % 4 + 1}_{number}.csv", clicks(number, 100 + number), number)
    job = {"home": str(home.root), "variables": {"CATALOG": catalog, "LAKE": home.settings.lake}}
    assert run_children([job, job], at_once=True) == [0, 0]
    with reading(home) as connection:
        assert connection.execute("select count(*), count(distinct file_name) from raw.files").fetchall() == [(12, 12)]
        ids = connection.execute("select click_id from raw.clicks order by 1").fetchall()
    assert [i for (i,) in ids] == [*range(1, 13), *range(101, 113)]
    assert home.landed() == []


def test_a_process_that_stores_in_a_folder_may_not_remove_its_files(tmp_path: Path, catalog: str) -> None:
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.land("clicks_1.csv", clicks(1))
    assert children.ended(children.start("store_and_try_to_remove", home, catalog)) == 0
    let_this_process_remove()
    assert len(raw_tables(home)["raw.clicks"]) == 1


def test_homes_of_one_lake_share_a_landing_zone_and_another_home_is_refused(
    tmp_path: Path, catalog: str, bucket: Bucket
) -> None:
    first = shared_home(tmp_path / "first", catalog, bucket.address("lake"))
    first.warehouse.prepare(lambda _: None)
    first.land("clicks_1.csv", clicks(1), 1)
    first.ingest()
    places = {"LANDING": first.settings.landing, "ARCHIVE": first.settings.archive}
    second = shared_home(tmp_path / "second", catalog, bucket.address("lake"), **places)
    second.land("clicks_2.csv", clicks(2), 2)
    assert [row.file_name for row in second.ingest().stored] == ["clicks_2.csv"]
    assert first.click_ids() == [1, 2]
    with pytest.raises(VsfError, match="belongs to another home"):
        Home(tmp_path / "third", LAKE="", **places).ingest()


def test_a_home_that_moves_to_a_shared_lake_takes_its_landing_zone_along(
    tmp_path: Path, catalog: str, bucket: Bucket
) -> None:
    home = Home(tmp_path / "home", LAKE="")
    home.land("clicks_1.csv", clicks(1), 1)
    home.ingest()
    home.warehouse.file.unlink()
    moved = shared_home(tmp_path / "home", catalog, bucket.address("lake"), AFTER_LOAD="keep")
    moved.warehouse.prepare(lambda _: None)
    moved.land("clicks_2.csv", clicks(2), 2)
    claim(moved.settings, print)
    places = {"LANDING": moved.settings.landing, "ARCHIVE": moved.settings.archive}
    other = shared_home(tmp_path / "other", catalog, bucket.address("lake"), **places)
    assert refuse_foreign(other.settings) is not None


def test_a_file_that_ended_a_run_is_read_in_a_child_by_the_next_run_of_another_home(
    tmp_path: Path, catalog: str, bucket: Bucket
) -> None:
    first = shared_home(tmp_path / "first", catalog, bucket.address("lake"))
    first.warehouse.prepare(lambda _: None)
    first.land("clicks_1.csv", clicks(1), 1)
    names = {"CATALOG": catalog, "LAKE": first.settings.lake, "LOCK_TAKEOVER_SECONDS": "3"}
    job = {"home": str(first.root), "variables": names, "die": ["ingest.loader", "read_one_file", "before", 1]}
    assert run_children([job]) == [-signal.SIGKILL]
    places = {"LANDING": first.settings.landing, "ARCHIVE": first.settings.archive}
    second = shared_home(tmp_path / "second", catalog, bucket.address("lake"), **places)
    lines: list[str] = []
    ingest(second.warehouse, Selection(("clicks",), None), "test", lines.append)
    assert any("in a process of its own" in line for line in lines), lines
    assert second.click_ids() == [1]
    with second.warehouse.form.control() as connection:  # type: ignore[attr-defined]
        assert connection.execute("select count(*) from vsf.notes").fetchall() == [(0,)]


def unflushed(home: Home, patch: pytest.MonkeyPatch) -> set[str]:
    """Store, delete and read again deliveries; return what was not flushed since it changed."""
    flushed: dict[str, int] = {}
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        flushed[str(Path(f"/proc/self/fd/{descriptor}").readlink())] = os.fstat(descriptor).st_mtime_ns

    home.land("clicks_1.csv", clicks(1, 2) + b"x,1,1\n", 1)
    home.land("clicks_2.csv", clicks(3), 2)
    home.ingest()
    with home.warehouse.lock("merge"), home.warehouse.connect() as connection:
        connection.execute("call ducklake_merge_adjacent_files('warehouse')")  # else files are dropped as a whole
    before = set(Path(home.settings.lake).rglob("*.parquet"))
    patch.setattr(os, "fsync", noted)
    home.ingest(reload="all")
    files = set(Path(home.settings.lake).rglob("*.parquet")) - before
    assert {path.parent.name for path in files} >= {"clicks", "files", "findings"}
    assert any("delete" in path.name for path in files)
    folders = {path.parent for path in files}
    assert {str(folder) for folder in folders} <= set(flushed)
    return {path.name for path in files if flushed.get(str(path)) != path.stat().st_mtime_ns}


def test_every_file_in_a_folder_is_flushed_before_it_counts(
    tmp_path: Path, catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_this_process_remove()
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.warehouse.prepare(lambda _: None)
    assert unflushed(home, monkeypatch) == set()


@pytest.mark.lake
def test_without_the_flush_before_the_commit_the_test_before_would_notice(
    tmp_path: Path, catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_this_process_remove()
    monkeypatch.setattr(SharedStoreSession, "before_commit", lambda *_: None)
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.warehouse.prepare(lambda _: None)
    assert any("delete" in name for name in unflushed(home, monkeypatch))


def test_a_backup_of_a_home_says_that_it_holds_neither_database_nor_lake(
    tmp_path: Path, catalog: str, bucket: Bucket
) -> None:
    home = shared_home(tmp_path / "home", catalog, bucket.address("lake"))
    home.warehouse.prepare(lambda _: None)
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    notes = back_up(home.settings, tmp_path / "backups", 1).notes
    assert f"the lake in {home.settings.lake} is not in it" in notes
    assert any(note.startswith("the database lake") for note in notes)


@pytest.mark.parametrize("lake", ["folder"], indirect=True)
def test_the_first_files_of_another_run_are_no_lost_lake(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are stored after the ledger was read, and before the archive is looked at."""
    lake.land("clicks_1.csv", clicks(1))

    def meanwhile(archive: Store, landing: Store, ledger_is_empty: Callable[[], bool]) -> None:
        lake.ingest()
        refuse_lost_warehouse(archive, landing, ledger_is_empty)

    monkeypatch.setattr(status, "refuse_lost_warehouse", meanwhile)
    assert [row.file_name for row in status.survey(lake.settings, lake.warehouse).files] == ["clicks_1.csv"]


@pytest.mark.lake
@pytest.mark.parametrize("lake", ["folder"], indirect=True)
def test_a_first_build_and_a_first_run_at_once_do_not_take_the_lake_for_lost(
    lake: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build reads a version without files, and another run stores and archives the first ones before it looks."""
    lake.land("clicks_1.csv", clicks(1, 2))

    def meanwhile(archive: Store, landing: Store, ledger_is_empty: Callable[[], bool]) -> None:
        assert len(lake.ingest().stored) == 1
        refuse_lost_warehouse(archive, landing, ledger_is_empty)

    with built_directly(checked=False):
        with monkeypatch.context() as patch:
            patch.setattr(build, "refuse_lost_warehouse", meanwhile)
            first = build.build_and_publish(lake.warehouse, "first")
        second = build.build_and_publish(lake.warehouse, "second", only_if_pending=True)
    assert (first.problems, first.number, second.number) == ([], 1, 2), "what came meanwhile is pending"
    assert second.tables["raw.clicks"].rows == 2


@pytest.mark.parametrize("lake", ["folder"], indirect=True)
def test_two_first_runs_at_once_do_not_take_the_lake_for_lost(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One has copied a file into the archive; it stores the file while the other one compares archive and landing."""
    lake.land("clicks_1.csv", clicks(1, 2))
    during = list[str]()

    def meanwhile(archive: Store, landing: Store, ledger_is_empty: Callable[[], bool]) -> None:
        if not during:
            assert ledger_is_empty()
            during.append("the other run")
            assert len(lake.ingest().stored) == 1
            answers = [True]  # as it was before
            refuse_lost_warehouse(archive, landing, lambda: answers.pop() if answers else ledger_is_empty())

    monkeypatch.setattr(session, "holds_originals", lambda _: True)
    monkeypatch.setattr(session, "refuse_lost_warehouse", meanwhile)
    report = lake.ingest()
    assert (report.stored, report.failed, during) == ([], [], ["the other run"])


def test_sensors_see_each_write_to_the_lake(lake: Home) -> None:
    before = lake.warehouse.form.last_write()
    lake.land("clicks_1.csv", clicks(1))
    lake.ingest()
    after = lake.warehouse.form.last_write()
    assert before is not None and after is not None
    assert before[0] != after[0]
    assert before[1] < after[1]
    assert lake.warehouse.form.last_write() == after
