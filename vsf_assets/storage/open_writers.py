"""Asks the operating system whether a process has a file open for writing.

Here: the question, for files of this machine. Not here: what follows from the answer (landing/stability.py,
ingest/loader.py, ingest/move_to_archive.py). A writer that stalls looks like one that is done: size and time stay as
they are. Only the system knows. It is asked for a read lease, which is refused while a file is open for writing, and
given back at once. Where leases do not work (another owner's file, a network file system), the open files of the
processes of this machine are looked through, as far as they may be read; of what lies elsewhere nothing can be known.
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

WHY = "somebody has it open for writing; it is read once it is closed"
PROCESSES = Path("/proc")
_Inode = tuple[int, int]


def being_written(store: Store, entries: Iterable[Entry]) -> set[str]:
    """Return the paths of the files that somebody has open for writing, as far as the system tells.

    Args:
        store: where they lie; in an object store nothing is ever half written.
        entries: the files. One with a `.done` marker is not asked about: its writer says that it is complete.
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
    """Whether somebody has one file open for writing; see `being_written`."""
    return bool(being_written(store, [entry]))


def has_writer(path: Path) -> bool | tuple[int, int]:
    """Return whether a file is open for writing; where a lease cannot tell, its (device, inode).

    What cannot be opened, or is no regular file, has no writer that matters here.
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
    """Return whether a read lease is refused because of a writer; None where leases tell nothing.

    Somebody who opens the file for writing while the lease is held waits for its end, and the system sends this
    process a signal: by default SIGIO, which would end it, so another one is chosen that nobody listens to.
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
    """Return (device, inode) of what the processes of this machine have open for writing, as far as it may be read."""
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
                continue  # closed this instant, or another user's
    return found


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # the process is gone, or another user's


def _is_for_writing(info: Path) -> bool:
    flags = next(line for line in info.read_text().splitlines() if line.startswith("flags:"))
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
