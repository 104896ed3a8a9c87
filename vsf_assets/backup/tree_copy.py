"""Copies a folder with everything in it; files that an earlier copy has too become hard links to it.

Here: one folder, and again over the same copy, which then takes what changed. Not here: which folders, in which order
(backup_home.py). A file is the same if path, size and modified time are; times are kept to the nanosecond, because a
landed file's time is its place in the landing order.
"""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vsf_assets.common.atomic_files import NO_HARD_LINKS
from vsf_assets.common.file_copy import copy_into
from vsf_assets.storage.full_disk import is_full

_SQLITE = b"SQLite format 3\0"
SQLITE_LOGS = ("-wal", "-shm", "-journal")
"""Endings of what SQLite keeps beside a file; a copy that SQLite makes needs none of it."""


@dataclass
class TreeCopy:
    """Copies folders, and counts.

    Attributes:
        wanted: whether an entry is copied, a folder with everything in it.
        has_databases: whether SQLite files are copied by SQLite, because other processes may write them at any time.
            Files that were delivered are copied byte by byte.
        copied: bytes that were written; hard links are none.
        problems: a line for each entry that could not be read.
    """

    wanted: Callable[[Path], bool] = lambda _: True
    has_databases: bool = False
    copied: int = 0
    problems: list[str] = field(default_factory=list)

    def folder(self, source: Path, target: Path, earlier: Path) -> None:
        """Make the folder `target` equal to `source`; what vanishes meanwhile is left out.

        Links are copied as links. Pipes, sockets and devices are left out.

        Args:
            source: the folder; if it does not exist, nothing is done.
            target: its copy, which may be there from before.
            earlier: an earlier copy, which stays unchanged; it need not exist.

        Raises:
            OSError: the copy cannot be written.
        """
        names = self._names(source)
        if names is None:
            return
        target.mkdir(parents=True, exist_ok=True)
        for name in set(os.listdir(target)) - set(names):
            remove(target / name)
        for name in names:
            self.entry(source / name, target / name, earlier / name)
        _copy_mode(source, target)

    def entry(self, source: Path, target: Path, earlier: Path) -> None:
        """Copy one entry of a folder; see `folder`."""
        try:
            self._entry(source, target, earlier)
        except FileNotFoundError:
            if os.path.lexists(source):
                raise
            remove(target)

    def _entry(self, source: Path, target: Path, earlier: Path) -> None:
        found = source.lstat()
        is_folder = stat.S_ISDIR(found.st_mode)
        if os.path.lexists(target) and stat.S_IFMT(target.lstat().st_mode) != stat.S_IFMT(found.st_mode):
            remove(target)
        if is_folder:
            self.folder(source, target, earlier)
        elif stat.S_ISLNK(found.st_mode):
            target.unlink(missing_ok=True)
            target.symlink_to(source.readlink())
        elif stat.S_ISREG(found.st_mode):
            self._file(source, target, earlier, found)

    def _names(self, folder: Path) -> list[str] | None:
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            self.problems.append(f"{folder}: {error.strerror}")
            return None
        logs = SQLITE_LOGS if self.has_databases else ()
        return [name for name in names if self.wanted(folder / name) and not name.endswith(logs)]

    def _file(self, source: Path, target: Path, earlier: Path, found: os.stat_result) -> None:
        is_database = self.has_databases and _is_database(source)
        if not is_database and _is_same(target, found):
            return
        # Never written in place: the file may be a link to one in an earlier copy.
        target.unlink(missing_ok=True)
        if not is_database and _is_same(earlier, found) and _link(earlier, target):
            return
        try:
            _copy_database(source, target) if is_database else _copy_bytes(source, target)
        except (PermissionError, sqlite3.Error) as error:
            if is_full(error):
                raise
            target.unlink(missing_ok=True)
            self.problems.append(f"{source}: {getattr(error, 'strerror', None) or error}")
            return
        target.chmod(stat.S_IMODE(found.st_mode) & 0o777)
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))  # of before: a file that grew meanwhile differs
        self.copied += target.stat().st_size


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_database(file: Path) -> bool:
    try:
        with file.open("rb") as reading:
            return reading.read(len(_SQLITE)) == _SQLITE
    except PermissionError:
        return False


def _copy_database(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def _copy_bytes(source: Path, target: Path) -> None:
    with target.open("wb") as writing:
        copy_into(source, writing)


def _is_same(path: Path, found: os.stat_result) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and (there.st_size, there.st_mtime_ns) == (found.st_size, found.st_mtime_ns)


def _link(earlier: Path, target: Path) -> bool:
    try:
        os.link(earlier, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        return False
    return True


def _copy_mode(source: Path, target: Path) -> None:
    """Give a folder the permissions of its source; its owner keeps all, so that the copy can be removed."""
    try:
        target.chmod(stat.S_IMODE(source.stat().st_mode) | stat.S_IRWXU)
    except FileNotFoundError:
        return
