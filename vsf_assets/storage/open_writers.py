"""Checks through the operating system whether a process has a file open for writing.

Here: the check, for files of this machine. Not here: its uses (landing/stability.py, ingest/loader.py,
ingest/move_to_archive.py). A stalled writer looks like a finished one: size and time do not change. Only the system can
tell them apart. The check takes a read lease, which the system refuses while the file is open for writing, and releases
it at once. Where leases do not work (a file of another owner, a network file system), the check reads the open files of
this machine's processes, as far as permitted. Writers on other machines cannot be detected.
"""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterable
from pathlib import Path

from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry

WHY = "a process has it open for writing; it is read once it is closed"
PROCESSES = Path("/proc")
_Inode = tuple[int, int]


def being_written(store: Store, entries: Iterable[Entry]) -> set[str]:
    """Return the paths of the files that a process has open for writing, as far as the system shows.

    Args:
        store: their store; an object store has no half-written files.
        entries: the files. A file with a `.done` marker is not checked: its writer declares that it is complete.
    """
    found: set[str] = set()
    unclear: dict[str, _Inode] = {}
    for entry in entries:
        path = store.local_path(entry.path)
        if path is None or entry.has_done:
            continue
        answer = has_writer(path)
        if isinstance(answer, tuple):
            unclear[entry.path] = answer
        elif answer:
            found.add(entry.path)
    if unclear:
        open_ones = _written_by_processes()
        found |= {path for path, inode in unclear.items() if inode in open_ones}
    return found


def is_written(store: Store, entry: Entry) -> bool:
    """Whether a process has one file open for writing; see `being_written`."""
    return bool(being_written(store, [entry]))


def has_writer(path: Path) -> bool | tuple[int, int]:
    """Return whether a file is open for writing; if a lease does not show it, return its (device, inode).

    For a file that cannot be opened, or is not regular, the result is False.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return False
        refused = lease_is_refused(descriptor)
        return (status.st_dev, status.st_ino) if refused is None else refused
    finally:
        os.close(descriptor)


def lease_is_refused(descriptor: int) -> bool | None:
    """Return whether a read lease is refused because of a writer; None if leases do not work here.

    A process that opens the file for writing during the lease waits for its end, and the system sends a signal to this
    process. The default is SIGIO, which would end this process, so the lease uses a signal that is ignored.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _written_by_processes() -> set[_Inode]:
    """Return (device, inode) of the files that processes of this machine have open for writing, as far as readable."""
    found: set[_Inode] = set()
    for process in _names(PROCESSES):
        if not process.isdigit():
            continue
        folder = PROCESSES / process
        for number in _names(folder / "fd"):
            try:
                if _is_for_writing(folder / "fdinfo" / number):
                    status = (folder / "fd" / number).stat()
                    found.add((status.st_dev, status.st_ino))
            except (OSError, ValueError):
                continue  # closed meanwhile, or of another user
    return found


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # the process ended, or is of another user


def _is_for_writing(info: Path) -> bool:
    flags = next(line for line in info.read_text().splitlines() if line.startswith("flags:"))
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
