"""Files that are there as a whole or not: what is left after a failure, rights, names, and files that are there."""

import errno
import os
from pathlib import Path

import pytest

from vsf_assets.common.atomic_files import atomic_file, atomic_write, flush_to_disk, link_new, temp_beside
from vsf_assets.storage.ignored_names import why_ignored


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_bytes(b"earlier")
    with atomic_file(target) as file:
        file.write(b"ne")
        assert target.read_bytes() == b"earlier"
        file.write(b"w")
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    atomic_write(tmp_path / "a.csv", b"earlier")
    with pytest.raises(error), atomic_file(tmp_path / "a.csv") as file:
        file.write(b"half")
        raise error
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.csv": b"earlier"}


def test_a_failed_flush_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic_write(tmp_path / "a.csv", b"new")
    assert os.listdir(tmp_path) == []
    atomic_write(tmp_path / "a.csv", b"new", is_durable=False)
    assert os.listdir(tmp_path) == ["a.csv"]


def test_what_is_durable_is_flushed_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(sorted(os.listdir(tmp_path))))
    atomic_write(tmp_path / "a.csv", b"new")
    flush_to_disk(tmp_path / "a.csv")
    assert [names[-1:] == ["a.csv"] for names in seen] == [False, True]


def test_no_listing_takes_the_name_of_an_unfinished_file_for_a_delivery(tmp_path: Path) -> None:
    with temp_beside(tmp_path / ("ä" * 127 + ".c")) as temp:  # 256 bytes: longer than any name may be
        assert why_ignored(temp.path.name) is not None
        assert (temp.path.name[0], temp.path.suffix) == (".", ".tmp")
    assert os.listdir(tmp_path) == []


def test_rights_are_those_asked_for_or_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "a", b"")
        with atomic_file(tmp_path / "b", mode=0o444) as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o640, 0o444]


def test_a_named_temporary_file_takes_the_place_of_what_a_killed_process_left(tmp_path: Path) -> None:
    left = tmp_path / ".vsf-2.tmp"
    left.write_bytes(b"half of a large file")
    with atomic_file(tmp_path / "a", temp_path=left) as file:
        file.write(b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new"}


def test_an_interrupt_between_the_creation_of_a_file_and_its_result_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = os.open

    def interrupted(*arguments: object) -> int:
        os.close(created(*arguments))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr("vsf_assets.common.atomic_files.os.open", interrupted)
    with pytest.raises(KeyboardInterrupt), temp_beside(tmp_path / "table.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_of_another_process_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsf_assets.common.atomic_files.os.urandom", lambda _: b"12345678")
    others = tmp_path / f".{b'12345678'.hex()}.tmp"
    others.write_text("another's")
    with pytest.raises(FileExistsError), temp_beside(tmp_path / "table.csv"):
        pass
    assert others.read_text() == "another's"


@pytest.mark.parametrize("code", [0, errno.EPERM, errno.EMLINK])
def test_a_new_file_takes_no_other_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """With second names and on a file system without them."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    if code:
        monkeypatch.setattr(os, "link", refuse)
    for content in (b"first", b"second"):
        with temp_beside(tmp_path / "a") as temp:
            temp.file.write(content)
            temp.finish()
            assert link_new(temp.path, tmp_path / "a") is (content == b"first")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first"}


def test_a_folder_that_refuses_a_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="Read-only"), temp_beside(tmp_path / "a") as temp:
        link_new(temp.path, tmp_path / "a")
    assert os.listdir(tmp_path) == []
