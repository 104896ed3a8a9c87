"""Whether somebody has a file open for writing: the system's answer, and what it is when leases cannot tell."""

import fcntl
import os
import signal
import socket
from pathlib import Path

import pytest

from vsf_assets.storage import open_writers
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.open_writers import being_written, has_writer, is_written

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clicks_1.csv"
    path.write_bytes(b"click_id\n")
    return path


def written(file: Path) -> set[str]:
    store = FolderStore(file.parent)
    return being_written(store, store.entries())


@pytest.mark.parametrize("leases_work", [True, False])
@pytest.mark.parametrize(
    ("flags", "is_writer"),
    [(os.O_RDONLY, False), (os.O_WRONLY, True), (os.O_RDWR, True), (os.O_WRONLY | os.O_APPEND, True)],
    ids=["reading", "writing", "both", "appending"],
)
def test_file_has_a_writer_until_it_is_closed(
    file: Path, monkeypatch: pytest.MonkeyPatch, leases_work: bool, flags: int, is_writer: bool
) -> None:
    if not leases_work:
        monkeypatch.setattr(open_writers, "lease_is_refused", lambda _: None)
    descriptor = os.open(file, flags)
    assert written(file) == ({"clicks_1.csv"} if is_writer else set())
    os.close(descriptor)
    assert written(file) == set()


def test_writer_counts_also_under_another_name_of_the_file(file: Path) -> None:
    with file.open("ab"):
        moved = file.rename(file.with_name("clicks_1_moved.csv"))
        link = file.with_name("clicks_1_link.csv")
        link.symlink_to(moved.name)
        assert written(file) == {"clicks_1_moved.csv", "clicks_1_link.csv"}


def test_marker_says_that_the_file_is_complete_whoever_has_it_open(file: Path) -> None:
    file.with_name("clicks_1.csv.done").touch()
    with file.open("ab"):
        assert written(file) == set()


def test_only_regular_files_are_asked_and_none_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        signal.alarm(5)  # opening a pipe would hang
        try:
            assert [has_writer(tmp_path / name) for name in ("pipe", "loop", "socket", "gone", ".")] == [False] * 5
        finally:
            signal.alarm(0)


def test_lease_is_given_back(file: Path) -> None:
    assert has_writer(file) is False
    with file.open("ab") as writer:  # would wait up to 45 s for the lease
        assert fcntl.fcntl(writer, fcntl.F_GETLEASE) == fcntl.F_UNLCK


def test_writer_that_comes_while_the_lease_is_held_does_no_harm(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, opened = fcntl.fcntl, []

    def requested(descriptor: int, command: int, argument: int = 0) -> int:
        done = real(descriptor, command, argument)
        if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
            with pytest.raises(BlockingIOError):  # it breaks the lease: the system sends a signal
                os.open(file, os.O_WRONLY | os.O_NONBLOCK)
            opened.append(file)
        return done

    monkeypatch.setattr(open_writers.fcntl, "fcntl", requested)
    assert has_writer(file) is False
    assert opened == [file]


def as_nobody(act: object) -> int:
    """Do something as a user without rights, in a child; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = act()  # type: ignore[operator]
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_file_of_another_owner_is_looked_for_among_the_open_files(file: Path) -> None:
    """The writer runs as the user that asks, so that its open files may be read; the file is another's."""
    for path in (file.parent, *list(file.parents)[1:4]):
        path.chmod(0o755)
    file.chmod(0o666)
    store = FolderStore(file.parent)
    entry = store.entries()[0]

    def ask_with_and_without_a_writer() -> int:
        if is_written(store, entry):
            return 1
        with file.open("ab"):
            return 0 if is_written(store, entry) else 2

    assert as_nobody(ask_with_and_without_a_writer) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_writer_whose_open_files_may_not_be_read_stays_unknown(file: Path) -> None:
    for path in (file.parent, *list(file.parents)[1:4]):
        path.chmod(0o755)
    store = FolderStore(file.parent)
    entry = store.entries()[0]
    with file.open("ab") as writer:

        def ask_without_what_the_fork_gave() -> int:
            os.close(writer.fileno())
            return int(is_written(store, entry))

        assert as_nobody(ask_without_what_the_fork_gave) == 0
