"""Listing a folder: every odd entry is left out with what to do, and none stops the others.

Not here: names (test_names_of_no_deliveries.py), and commands and sensors that meet such entries.
"""

import os
import shutil
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import NotRegularError, open_regular, read_regular
from vsf_assets.storage import folder_listing
from vsf_assets.storage.base import probably_present
from vsf_assets.storage.folder_listing import list_folder
from vsf_assets.storage.listing import LeftOut, count_line, lines
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.odd import HARMLESS, put_harmless
from vsf_assets_tests.rights import like_other_users


def kinds(found: list[LeftOut]) -> dict[str, str]:
    return {entry.path: entry.kind for entry in found}


def closed(folder: Path) -> Path:
    """Make a folder with a file that may not be read, and one that may not be entered."""
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.csv").write_text("x")
    (folder / "b.csv").write_text("x")
    (folder / "good.csv").write_text("x")
    (folder / "sub").chmod(0)
    (folder / "b.csv").chmod(0)
    return folder


def test_every_kind_of_odd_entry_is_left_out_and_the_files_are_listed(tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    put_harmless(zone)
    (zone / "1").mkdir()
    (zone / "1" / "good.csv").write_text("x")
    (zone / "z.csv").symlink_to("1/good.csv")
    listing = list_folder(zone)
    assert [(e.path, e.size) for e in listing.entries] == [("1/good.csv", 1), ("z.csv", 1)]
    assert kinds(listing.left_out) == HARMLESS
    assert not any(entry.is_error for entry in listing.left_out)
    assert all(entry.reason and entry.advice for entry in listing.left_out)


def test_what_may_not_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    zone = closed(tmp_path / "zone")
    with like_other_users():
        listing = list_folder(zone)
    assert [entry.path for entry in listing.entries] == ["good.csv"]
    assert kinds(listing.left_out) == {"b.csv": "not permitted", "sub": "not permitted"}
    assert all(entry.is_error for entry in listing.left_out)


def test_a_folder_whose_entries_cannot_be_looked_at_hides_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.csv").write_text("x")
    (tmp_path / "sub").chmod(0o444)  # names can be read, nothing else
    with like_other_users():
        listing = list_folder(tmp_path)
    assert (listing.entries, kinds(listing.left_out)) == ([], {"sub/a.csv": "not permitted"})


def test_a_root_that_cannot_be_listed_stays_an_error_and_one_that_is_not_there_is_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    with like_other_users(), pytest.raises(PermissionError):
        list_folder(tmp_path)
    tmp_path.chmod(0o700)
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        list_folder(tmp_path / "file")
    assert list_folder(tmp_path / "none").entries == []


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"clicks_1_\xff.csv")).write_text("x")
    (entry,) = list_folder(tmp_path).left_out
    assert (entry.kind, entry.is_error) == ("odd name", False)
    assert entry.line.startswith("clicks_1_<U+DCFF>.csv is left out: its name is not UTF-8; what to do: rename it")


def test_folders_deeper_than_a_path_can_be_are_left_out_and_the_rest_is_listed(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("x")
    here, name = os.open(tmp_path, os.O_RDONLY), "d" * 200
    for _ in range(25):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    listing = list_folder(tmp_path)
    shutil.rmtree(tmp_path / name)
    assert [entry.path for entry in listing.entries] == ["good.csv"]
    assert [(entry.kind, entry.is_error) for entry in listing.left_out] == [("too deep", True)]


def test_a_folder_that_becomes_a_link_while_it_is_listed_is_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone, secret = tmp_path / "zone", tmp_path / "secret"
    (zone / "sub").mkdir(parents=True)
    secret.mkdir()
    (secret / "clicks_1.csv").write_text("x")
    load = folder_listing._Walk._list_one

    def swapping(self: folder_listing._Walk, folder: str, descriptor: int) -> None:
        load(self, folder, descriptor)
        if not folder:
            (zone / "sub").rmdir()
            (zone / "sub").symlink_to(secret)

    monkeypatch.setattr(folder_listing._Walk, "_list_one", swapping)
    listing = list_folder(zone)
    assert (listing.entries, kinds(listing.left_out)) == ([], {"sub": "changing"})


def test_where_every_file_counts_names_do_not_and_what_cannot_be_read_stops(tmp_path: Path) -> None:
    (tmp_path / "x__clicks_1.csv.filepart").write_text("x")
    store = FolderStore(tmp_path)
    assert [entry.path for entry in store.every_entry()] == ["x__clicks_1.csv.filepart"]
    assert store.entries() == []
    for name in ("clicks", "b.csv"):
        (tmp_path / name).symlink_to("nowhere")
        with pytest.raises(VsfError, match=f"{name} cannot be read: it is a link to something that is not there"):
            store.every_entry()
        (tmp_path / name).unlink()


def test_permission_denied_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.csv").write_text("x")
    (tmp_path / "sub").chmod(0)
    store = FolderStore(tmp_path)
    with like_other_users():
        with pytest.raises(PermissionError):
            store.stat("sub/a.csv")
        with pytest.raises(VsfError, match=r"sub/a\.csv cannot be read: reading it is not permitted"):
            store.present({"sub/a.csv", "b.csv"})
        assert probably_present(store, {"sub/a.csv", "b.csv"}) == {"sub/a.csv"}


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_what_is_no_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    else:
        put_harmless(tmp_path / "zone")
        path = tmp_path / "zone" / f"clicks_1_{'pipe' if kind == 'pipe' else 'sock'}.csv"
    with pytest.raises(NotRegularError, match=f"it is a {kind} and not a file"):
        open_regular(path)


def test_a_name_that_becomes_a_pipe_before_it_is_opened_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    os.mkfifo(path)
    monkeypatch.setattr("vsf_assets.common.regular_files.status_of", lambda _: None)  # the look saw a file
    with pytest.raises(NotRegularError, match="pipe"):
        open_regular(path)


def test_of_a_huge_file_only_the_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abcdef")
    assert read_regular(tmp_path / "x", 3) == b"abc"


def test_the_count_names_the_kinds_and_a_run_names_some_of_very_many() -> None:
    many = [LeftOut(f"{n:02}", "pipe", "r", "a") for n in range(25)]
    some = [LeftOut("h", "hidden", "r", "a"), LeftOut("e", "not permitted", "r", "a", is_error=True), *many]
    assert count_line(some) == ("27 left out: 25 pipe, 1 hidden, 1 not permitted; vsf status --left-out lists them")
    said = lines(some)
    assert (said[0][:1], len(said)) == ("e", 21)
    assert said[-1] == "and 6 more are left out: vsf status --left-out lists them"
    assert count_line([]) == ""
