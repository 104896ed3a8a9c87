"""Files that grow, change, vanish or are replaced at any moment of an ingest: nothing wrong is stored, nothing lost.

Here: a hook at each moment, played in one process. Not here: crashes (test_crashes.py).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.archive import archive_file as archive
from vsf_assets.ingest import loader as batches
from vsf_assets.ingest import move_to_archive as filing
from vsf_assets.ingest import safe_copies
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.warehouses import Home, clicks


def play(patch: pytest.MonkeyPatch, target: Any, name: str, act: Callable[[], None], when: str) -> None:
    """Do something once, before or after the first call of a function."""
    original, done = getattr(target, name), []

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when == "before" and not done:
            done.append(act())
        result = original(*args, **kwargs)
        if when == "after" and not done:
            done.append(act())
        return result

    patch.setattr(target, name, wrapped)


def replace(path: Path, content: bytes) -> Callable[[], None]:
    """Return an act that renames other content into the place of a file, as a careful writer does."""

    def act() -> None:
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_bytes(content)
        temporary.replace(path)

    return act


@pytest.fixture
def landed(home: Home) -> Path:
    home.land("clicks_2.csv", clicks(9))
    return home.land("clicks_1.csv", clicks(1))


def append(path: Path) -> Callable[[], None]:
    return lambda: path.write_bytes(path.read_bytes() + b"2,2,2\n")


@pytest.mark.parametrize(
    ("target", "name", "when"),
    [(FolderStore, "open", "after"), (batches, "read_one_file", "after")],
    ids=["while it is read", "before it is stored"],
)
def test_file_that_grows_is_left_and_taken_whole_by_the_next_run(
    home: Home, landed: Path, target: Any, name: str, when: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        play(patch, target, name, append(landed), when)
        report = home.ingest()
    assert [path for path, _ in report.left] == ["clicks_1.csv"]
    assert "changed" in report.left[0][1]
    assert home.click_ids() == [9]
    assert home.landed() == ["clicks_1.csv"]
    home.ingest()
    assert home.click_ids() == [1, 2, 9]


@pytest.mark.parametrize(
    ("target", "name", "when"),
    [
        (FolderStore, "open", "before"),
        (FolderStore, "open", "after"),
        (batches, "read_one_file", "after"),
    ],
    ids=["before it is read", "while it is read", "before it is stored"],
)
def test_file_that_vanishes_is_not_stored(home: Home, landed: Path, target: Any, name: str, when: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        play(patch, target, name, landed.unlink, when)
        report = home.ingest()
    assert [path for path, _ in report.left] == ["clicks_1.csv"]
    assert home.click_ids() == [9]
    home.assert_originals_are_kept()


def test_file_that_may_not_be_opened_holds_nothing_back(
    home: Home, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FolderStore.open

    def refuse(self: FolderStore, path: str, etag: str):
        if path == "clicks_1.csv":
            raise PermissionError(13, "Permission denied")
        return original(self, path)

    monkeypatch.setattr(FolderStore, "open", refuse)
    report = home.ingest()
    assert report.failed == [("clicks_1.csv", "cannot be read: Permission denied")]
    assert home.click_ids() == [9]


def test_file_replaced_after_it_was_stored_stays_for_the_next_run(home: Home, landed: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        play(patch, filing, "archive_file", replace(landed, clicks(5)), "before")
        report = home.ingest()
    ((path, why),) = report.left
    assert path == "clicks_1.csv"
    assert "another file took its place" in why
    assert landed.read_bytes() == clicks(5)
    home.ingest()
    assert home.click_ids() == [1, 5, 9]


@pytest.mark.parametrize("after_load", ["archive", "delete"])
@pytest.mark.parametrize("other_disk", [True, False])
def test_file_replaced_while_its_original_is_filed_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_load: str, other_disk: bool
) -> None:
    home = Home(tmp_path, AFTER_LOAD=after_load)
    landed = home.land("clicks_1.csv", clicks(1))
    if other_disk:
        monkeypatch.setattr(safe_copies, "is_same_disk", lambda *_: False)
    with pytest.MonkeyPatch.context() as patch:
        # The moment after the landed file's digest was found right.
        play(patch, archive, "sha256_of", replace(landed, clicks(5)), "after")
        home.ingest()
    assert landed.read_bytes() == clicks(5)
    home.ingest()
    assert home.click_ids() == [1, 5]


def test_file_replaced_while_it_is_copied_is_never_archived_under_the_wrong_digest(
    home: Home, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_copies, "is_same_disk", lambda *_: False)
    with pytest.MonkeyPatch.context() as patch:
        play(patch, safe_copies, "copy_file", replace(landed, clicks(5)), "before")
        home.ingest()
    assert clicks(5) not in home.archived().values()
    assert landed.read_bytes() == clicks(5)


def test_name_size_and_time_of_the_ledger_with_other_content_is_another_delivery(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    home.land("clicks_1.csv", clicks(2))
    home.ingest()
    assert home.files("file_name, status, rows_loaded") == [("clicks_1.csv", "loaded", 1)] * 2
    assert home.click_ids() == [1, 2]
    assert home.landed() == []
    assert sorted(home.archived().values()) == [clicks(1), clicks(2)]


def test_such_a_delivery_is_filed_even_after_a_crash_in_front_of_the_archive(home: Home) -> None:
    def crash(landing: FolderStore, path: str, _archive: FolderStore, _target: str, sha256: str, *_: object) -> bool:
        return archive.sha256_of(landing, path) == sha256

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filing, "archive_file", crash)
        for number in (1, 2, 3):
            home.land("clicks_1.csv", clicks(number))
            home.ingest()
            assert home.click_ids() == list(range(1, number + 1))
    home.ingest()
    assert home.click_ids() == [1, 2, 3]
    assert home.landed() == []
    assert clicks(3) in home.archived().values()


def test_archive_is_never_overwritten(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    ((path, content),) = home.archived().items()
    home.land("clicks_1.csv", clicks(1))
    (home.archive / path).write_bytes(b"damaged")
    home.land("clicks_2.csv", clicks(2))
    assert ["is damaged" in why for _, why in home.ingest().failed] == [True]
    assert home.click_ids() == [1, 2]
    assert home.archived()[path] == b"damaged"
    assert home.landed() == ["clicks_1.csv"]
    (home.archive / path).write_bytes(content)
    home.ingest()
    assert home.landed() == []


def test_modified_time_alone_makes_a_delivery_of_its_own(home: Home) -> None:
    path = home.land("clicks_1.csv", clicks(1))
    home.ingest()
    home.land("clicks_1.csv", clicks(1))
    os.utime(path, (2_000_000_000, 2_000_000_000))
    home.ingest()
    assert home.files("status") == [("loaded",), ("duplicate_file",)]
