"""VSF_AFTER_LOAD: archive, keep, delete, and what a later run makes of each."""

from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.ingest import safe_copies
from vsf_assets.ingest.session import ingest_archive
from vsf_assets_tests.warehouses import Home, clicks


@pytest.mark.parametrize("other_disk", [False, True])
@pytest.mark.parametrize(("after_load", "stays"), [("archive", False), ("keep", True)])
def test_original_is_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_load: str, stays: bool, other_disk: bool
) -> None:
    if other_disk:
        monkeypatch.setattr(safe_copies, "is_same_disk", lambda *_: False)
    home = Home(tmp_path, AFTER_LOAD=after_load)
    home.land("1/clicks_1.csv", clicks(1))
    home.ingest()
    assert list(home.archived().values()) == [clicks(1)]
    assert home.landed() == (["1/clicks_1.csv"] if stays else [])


def test_kept_file_is_neither_read_again_nor_removed(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    before = (home.state(), home.files("loaded_at"), home.archived())
    report = home.ingest()
    assert (report.stored, report.left) == ([], [])
    assert (home.state(), home.files("loaded_at"), home.archived()) == before


def test_kept_file_goes_when_the_setting_changes(tmp_path: Path) -> None:
    keeping = Home(tmp_path, AFTER_LOAD="keep")
    keeping.land("clicks_1.csv", clicks(1))
    keeping.ingest()
    home = Home(tmp_path)
    home.ingest()
    assert (home.landed(), list(home.archived().values())) == ([], [clicks(1)])


def test_deleted_original_leaves_a_note_and_a_rebuild_refuses(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="delete")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    assert home.landed() == []
    ((note, content),) = home.archived().items()
    assert (note.endswith("__clicks_1.csv.not-kept"), content) == (True, b"")
    with home.warehouse.lock("test"), pytest.raises(VsfError, match="VSF_AFTER_LOAD=delete"):
        ingest_archive(home.warehouse, "test")


@pytest.mark.parametrize("content", [clicks(1), b""])
@pytest.mark.parametrize("ending", [".not-kept", ".changed"])
def test_delivered_file_may_be_named_like_a_note(tmp_path: Path, content: bytes, ending: str) -> None:
    home = Home(tmp_path)
    home.land(f"clicks_1.csv{ending}", content)
    home.ingest()
    before = home.state()
    home.lose_warehouse()
    with home.warehouse.lock("test"):
        ingest_archive(home.warehouse, "test")
    assert home.state() == before


def test_deleted_empty_original_leaves_a_note_that_is_no_empty_original(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="delete")
    home.land("clicks_1.csv", b"")
    home.ingest()
    with home.warehouse.lock("test"), pytest.raises(VsfError, match="VSF_AFTER_LOAD=delete"):
        ingest_archive(home.warehouse, "test")


def test_deleted_original_that_is_asked_for_again_keeps_its_rows(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="delete")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    before = home.state()
    report = home.ingest(reload="all")
    assert "cannot be read again" in report.left[0][1]
    assert home.state() == before


def test_archived_original_gets_no_note_that_it_was_deleted(tmp_path: Path) -> None:
    kept = Home(tmp_path, AFTER_LOAD="keep")
    kept.land("clicks_1.csv", clicks(1))
    kept.ingest()
    home = Home(tmp_path, AFTER_LOAD="delete")
    home.ingest()
    assert home.landed() == []
    assert list(home.archived().values()) == [clicks(1)]
