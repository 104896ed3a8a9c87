"""Odd entries beside good files: an ingest goes on, and what concludes that something is absent stops.

Here: the engine on a folder, as a user whose rights are checked. Not here: listings (unit/test_folder_listing.py),
buckets (objects/test_refusals.py), commands and sensors.
"""

import os
from pathlib import Path

import pytest

from vsf_assets.archive.archive_file import refuse_lost_warehouse
from vsf_assets.common.errors import VsfError
from vsf_assets.ingest.scratch_folder import scratch_folder
from vsf_assets.ingest.session import ingest_archive
from vsf_assets.pipeline.status import survey
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.odd import HARMLESS, put_harmless
from vsf_assets_tests.rights import like_other_users
from vsf_assets_tests.warehouses import Home, clicks

NAMESPACES = b"namespace_id,namespace_option_name,namespace_option_standard_name\nns-1,Fund,fund\n"
COLUMNS = (
    b"column_id,namespace_id,dataset_database_name,dataset_table_name,dataset_column_name,data_point_id,"
    b"dataset_owner_name\nc-1,ns-1,db,t,c,dp-1,me\n"
)


def test_good_files_are_loaded_beside_every_odd_entry(home: Home) -> None:
    put_harmless(home.landing)
    for number in range(1, 4):
        home.land(f"clicks_1_{number}.csv", clicks(number), number)
    report = home.ingest()
    assert home.click_ids() == [1, 2, 3]
    assert (report.left, report.failed) == ([], [])
    assert {entry.path: entry.kind for entry in report.left_out} == HARMLESS
    assert sorted(os.listdir(home.landing)) == sorted([*HARMLESS, OWNER_MARKER])


def test_what_may_not_be_read_holds_nothing_back(home: Home) -> None:
    home.land("closed/clicks_1_a.csv", clicks(1)).parent.chmod(0)
    home.land("clicks_1_b.csv", clicks(2)).chmod(0)
    home.land("clicks_1_c.csv", clicks(3))
    with like_other_users():
        report = home.ingest()
        again = home.ingest()
    assert home.click_ids() == [3]
    assert [(e.path, e.is_error) for e in report.left_out] == [("clicks_1_b.csv", True), ("closed", True)]
    assert (report.failed, again.stored) == ([], [])


def test_an_upload_with_an_unreadable_member_waits_and_is_not_incomplete(home: Home) -> None:
    home.land("datasets/a/namespaces.csv", NAMESPACES)
    home.land("datasets/a/columns.csv", COLUMNS)
    closed = home.land("datasets/a/datapoints.csv", b"data_point_id,data_point_name\n")
    home.land("datasets/b/namespaces.csv", NAMESPACES)
    closed.chmod(0)
    with like_other_users():
        report = home.ingest(feeds=("datasets",))
    assert home.query("select partition_key, file_name from raw.files") == [("b", "namespaces.csv")]
    why = "waits for datasets/a/datapoints.csv, of the same upload: reading it is not permitted; let the user who runs"
    assert [(path, said.startswith(why)) for path, said in report.left] == [
        ("datasets/a/columns.csv", True),
        ("datasets/a/namespaces.csv", True),
    ]


def test_a_file_that_becomes_a_pipe_is_left_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.land("clicks_1_a.csv", clicks(1))
    home.land("clicks_1_b.csv", clicks(2))
    original = FolderStore.open

    def swapping(self: FolderStore, name: str, etag: str = ""):  # type: ignore[no-untyped-def]
        if name == "clicks_1_a.csv":
            path.unlink()
            os.mkfifo(path)
        return original(self, name, etag)

    monkeypatch.setattr(FolderStore, "open", swapping)
    report = home.ingest()
    assert (home.click_ids(), report.failed) == ([2], [])
    assert report.left == [
        ("clicks_1_a.csv", "it is a pipe and not a file; remove it, and let the sender put a file here")
    ]


def test_a_file_that_may_not_be_moved_is_loaded_archived_and_reported(home: Home) -> None:
    home.land("clicks_1_a.csv", clicks(1))
    home.land("2/clicks.csv", clicks(2)).parent.chmod(0o555)
    with like_other_users():
        report = home.ingest()
    assert home.click_ids() == [1, 2]
    home.assert_originals_are_kept()
    assert [path for path, _ in report.failed] == list(report.unreadable) == ["2/clicks.csv"]
    assert report.failed[0][1] == "cannot be filed away: Permission denied"
    assert report.breaking == []
    assert home.landed() == ["2/clicks.csv"]


def test_a_closed_archive_folder_holds_the_others_back_and_breaks_the_run(home: Home) -> None:
    (home.archive / "clicks" / "1").mkdir(parents=True)
    home.land("seed.csv", b"x")
    home.land("clicks_2.csv", clicks(2))
    home.ingest()
    (home.archive / "clicks" / "1").chmod(0)
    home.land("clicks_1.csv", clicks(1), 1)
    home.land("clicks_3.csv", clicks(3), 2)
    with like_other_users():
        report = home.ingest()
    assert [path for path, _ in report.breaking] == ["clicks_1.csv"]
    assert home.landed() == ["clicks_1.csv", "seed.csv"]


def unreadable_archive(home: Home) -> Path:
    """Archive two files, and close the folder of one."""
    home.land("clicks_1.csv", clicks(1))
    home.land("clicks_2.csv", clicks(2), 1)
    home.ingest()
    folder = home.archive / "clicks" / "2"
    folder.chmod(0)
    return folder


def test_a_rebuild_and_the_guard_stop_at_what_they_cannot_read_and_change_nothing(home: Home) -> None:
    folder = unreadable_archive(home)
    before = (home.state(), home.warehouse.form.last_write())
    with like_other_users():
        for ask in (
            lambda: ingest_archive(home.warehouse, "test"),
            lambda: refuse_lost_warehouse(
                open_store(home.settings.archive), open_store(home.settings.landing), lambda: True
            ),
        ):
            with pytest.raises(VsfError, match="archive/clicks/2 cannot be read: reading it is not permitted"):
                ask()
    assert (home.state(), home.warehouse.form.last_write()) == before
    folder.chmod(0o755)


def test_an_archive_that_is_the_top_of_a_drive_is_refused_with_what_to_do(home: Home) -> None:
    (home.archive / "lost+found").mkdir(parents=True, mode=0o700)
    (home.archive / "lost+found").chmod(0)
    home.land("clicks_1.csv", clicks(1))
    with (
        like_other_users(),
        pytest.raises(VsfError, match=r"lost\+found cannot be read: .* a folder of its own on this"),
    ):
        home.ingest()
    assert home.landed() == ["clicks_1.csv"]


def test_looking_for_work_goes_on_at_an_original_that_cannot_be_seen(home: Home) -> None:
    unreadable_archive(home)
    with home.warehouse.write("test") as connection:
        connection.execute("update raw.files set contract_version = 'old'")
    with like_other_users():
        assert len(survey(home.settings, home.warehouse).outdated) == 2
        report = home.ingest()
    (failed,) = report.breaking
    assert failed[0].startswith("clicks/2/")
    assert failed[1] == "cannot be read again: Permission denied"
    assert [row.file_name for row in report.stored] == ["clicks_1.csv"]


def test_a_linked_folder_in_the_archive_is_not_taken_for_an_empty_one(home: Home, tmp_path: Path) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    (home.archive / "clicks").rename(tmp_path / "moved")
    (home.archive / "clicks").symlink_to(tmp_path / "moved")
    with pytest.raises(VsfError, match="archive/clicks cannot be read: it is a link to a folder"):
        refuse_lost_warehouse(open_store(home.settings.archive), open_store(home.settings.landing), lambda: True)


def test_an_original_whose_name_is_of_an_unfinished_transfer_stays_one(home: Home, tmp_path: Path) -> None:
    """An earlier release loaded such files; their originals are in archives."""
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    (original,) = (home.archive / "clicks" / "1").iterdir()
    original.rename(original.with_name(original.name + ".filepart"))
    (home.archive / "rest.csv.part").write_text("the rest of a transfer into the archive")
    other = Home(tmp_path / "other")
    other.root.mkdir()
    home.archive.rename(other.archive)
    with other.warehouse.lock("test"):
        ingest_archive(other.warehouse, "test")
    assert other.files("file_name, rows_loaded") == [("clicks_1.csv.filepart", 1)]


def test_a_leftover_of_an_upload_that_cannot_be_kept_stays_where_it_is(home: Home) -> None:
    """It is the only original of what was stored: the next upload must not take it away."""
    home.land("datasets/a/namespaces.csv", NAMESPACES)
    home.ingest(feeds=("datasets",))
    ((archived,),) = home.query("select archive_path from raw.files")
    (home.archive / archived).unlink()
    leftover = home.land("datasets/a/namespaces.csv", NAMESPACES)
    home.land("datasets/a/columns.csv", COLUMNS, 5)
    home.land("datasets/b/namespaces.csv", NAMESPACES, 6)
    (home.archive / "datasets" / "a").chmod(0o555)
    with like_other_users():
        report = home.ingest(feeds=("datasets",))
    (home.archive / "datasets" / "a").chmod(0o755)
    assert [row.partition_key for row in report.stored] == ["b"]
    assert [path for path, _ in report.breaking] == ["datasets/a/namespaces.csv"]
    assert leftover.exists()
    home.ingest(feeds=("datasets",))
    assert (home.archive / archived).read_bytes() == NAMESPACES
    assert len(home.files()) == 4


def test_a_stranger_in_scratch_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run-of-mine-1").mkdir()
    with scratch_folder(tmp_path) as folder:
        assert folder.is_dir()
    assert [p.name for p in tmp_path.iterdir()] == ["run-of-mine-1"]
