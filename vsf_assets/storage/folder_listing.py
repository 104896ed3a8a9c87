"""Lists a local folder; an unreadable entry does not stop the listing.

Here: the walk through the folder, and the reasons of entries that are not readable regular files. Not here: the use of
the listing (listing.py, base.py). Only folders are opened. Links to regular files count as files. Linked folders are
not followed, so that no entry is listed twice and loops are impossible.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsf_assets.common.regular_files import NotRegularError, kind_of
from vsf_assets.feeds import source_folders
from vsf_assets.storage.complete_mark import is_complete
from vsf_assets.storage.entry import Entry, modified_time
from vsf_assets.storage.ignored_names import (
    DONE_SUFFIX,
    OF_PLATFORM,
    IgnoredName,
    why_ignored,
    why_unfinished_beside,
)
from vsf_assets.storage.listing import LeftOut, Listing

_GONE = (errno.ENOENT, errno.ENOTDIR)
_DENIED = (errno.EACCES, errno.EPERM)
_REPLACED = (errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
"""Error numbers of opening a folder that was replaced by a link or a pipe."""

LOST_AND_FOUND = "lost+found"

_SPECIAL = {
    "pipe": "it is a pipe (FIFO) and holds no file",
    "socket": "it is a socket and holds no file",
    "device": "it is a device and no file",
}


def list_folder(root: Path, folder: str = "", every_name: bool = False) -> Listing:
    """List a folder and its subfolders.

    Args:
        root: the store's folder; a missing folder counts as empty.
        folder: narrows the listing to a folder below it.
        every_name: list all regular files that are not hidden, whatever their names, also those without permission to
            read; for folders to which only the platform writes.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    walk = _Walk(root, every_name)
    try:
        walk.list_all(folder)
    except FileNotFoundError:
        return Listing()
    except OSError as error:
        why = unreadable(folder, error)
        message = f"the folder cannot be listed: {error.strerror}; {why.advice}"
        raise OSError(error.errno, message, str(root / folder)) from error
    walk.found.entries.sort(key=lambda entry: entry.path)
    walk.found.left_out.sort(key=lambda entry: entry.path)
    return walk.found


class _Walk:
    """A walk through a folder.

    Attributes:
        found: the listing so far.
    """

    def __init__(self, root: Path, every_name: bool):
        self._root, self._every_name = root, every_name
        self._todo: list[str] = []
        self.found = Listing()

    def list_all(self, top: str) -> None:
        """List a folder and all folders below it; only the system's longest path bounds the depth."""
        with self._opened(top, follow=True) as descriptor:
            self._list_one(top, descriptor)
        while self._todo:
            folder = self._todo.pop()
            try:
                with self._opened(folder, follow=False) as descriptor:
                    self._list_one(folder, descriptor)
            except OSError as error:
                if error.errno != errno.ENOENT:  # otherwise it was removed meanwhile
                    self._leave(folder, error)

    @contextmanager
    def _opened(self, folder: str, follow: bool) -> Iterator[int]:
        # Another process may replace the folder by a link or a pipe after the check; the flags refuse both.
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        descriptor = os.open(self._root / folder, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _list_one(self, folder: str, descriptor: int) -> None:
        """List one folder; its subfolders are added to the folders that remain."""
        with os.scandir(descriptor) as scan:
            items = list(scan)
        names = {item.name for item in items}
        for item in sorted(items, key=lambda i: i.name):
            path = f"{folder}/{item.name}" if folder else item.name
            try:
                if self._has_no_counting_name(item, path):
                    continue
                if item.is_dir(follow_symlinks=False):
                    self._todo.append(path)
                else:
                    self._add_file(item, path, descriptor, names)
            except OSError as error:
                if error.errno not in _GONE:  # otherwise it was removed meanwhile
                    self._leave(path, error)

    def _has_no_counting_name(self, item: "os.DirEntry[str]", path: str) -> bool:
        """Whether an entry is left out because of its name; if so, adds it to the listing's left-out entries."""
        if not _is_text(item.name):
            self._note(path, "odd name", "its name is not UTF-8", "rename it")
            return True
        if self._every_name:
            return item.name.startswith(".")
        why = why_ignored(item.name)
        if path in OF_PLATFORM:
            return True
        if why is not None:
            self._note_name(path, why)
        elif path == LOST_AND_FOUND and item.is_dir(follow_symlinks=False):
            self._note(path, LOST_AND_FOUND, "the file system's own folder, which it keeps for repairs", "nothing")
        else:
            return item.name.endswith(DONE_SUFFIX) and not item.is_dir(follow_symlinks=False)
        return True

    def _add_file(self, item: "os.DirEntry[str]", path: str, descriptor: int, names: set[str]) -> None:
        """Add an entry that is not a folder, as a file or as left out."""
        if item.is_symlink():
            status = self._behind_link(path, item.name, descriptor)
            if status is None:
                return
        else:
            status = item.stat(follow_symlinks=False)
        kind = kind_of(status.st_mode)
        if kind == "folder":
            if path not in source_folders():  # they are read wherever they lie
                advice = "put the files here, or set VSF_LANDING to the folder it leads to"
                self._note(path, "linked folder", "it is a link to a folder, which is not followed", advice)
        elif kind != "file":
            self._note(path, kind, _SPECIAL[kind], "remove it, and let the sender put a file here")
        elif self._every_name:
            self._add(path, status, has_done=False)
        else:
            self._add_regular(item.name, path, status, names, _may_read(item.name, descriptor))

    def _add_regular(self, name: str, path: str, status: os.stat_result, names: set[str], may_be_read: bool) -> None:
        """Add a regular file of a folder to which other processes write."""
        beside = why_unfinished_beside(name, status.st_size, names)
        if beside is not None:
            self._note_name(path, beside)
        elif not may_be_read:
            self._leave(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        else:
            is_declared = name + DONE_SUFFIX in names or is_complete(f"{self._root}/{path}", status)
            self._add(path, status, has_done=is_declared)

    def _behind_link(self, path: str, name: str, descriptor: int) -> os.stat_result | None:
        """Return the status of a link's target; add a broken link to the left-out entries and return None."""
        try:
            return os.stat(name, dir_fd=descriptor)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._note(path, "looping link", "it is a link that leads back to itself", "remove the link")
            elif error.errno in _GONE:
                advice = "remove the link, or bring back what it leads to"
                self._note(path, "broken link", "it is a link to something that is not there", advice)
            else:
                raise
        return None

    def _add(self, path: str, status: os.stat_result, has_done: bool) -> None:
        self.found.entries.append(Entry(path, status.st_size, modified_time(status.st_mtime_ns), has_done))

    def _note_name(self, path: str, why: IgnoredName) -> None:
        self._note(path, why.kind, why.reason, why.advice)

    def _note(self, path: str, kind: str, reason: str, advice: str, is_error: bool = False) -> None:
        self.found.left_out.append(LeftOut(path, kind, reason, advice, is_error))

    def _leave(self, path: str, error: OSError) -> None:
        """Add an unreadable entry to the left-out entries."""
        self.found.left_out.append(unreadable(path, error))


def unreadable(path: str, error: OSError) -> LeftOut:
    """Return an unreadable entry as a left-out entry, with reason and advice.

    Args:
        path: relative to the store.
        error: the error of the system.
    """
    if error.errno in _DENIED:
        reason, advice = "reading it is not permitted", "let the user who runs this read and move it (chmod, chown)"
        if path == LOST_AND_FOUND:  # at the top of a drive
            advice += ", or set the place to a folder of its own on this drive"
        return LeftOut(path, "not permitted", reason, advice, is_error=True)
    if error.errno in _REPLACED:
        return LeftOut(path, "changing", "it was replaced while it was listed", "run again")
    if error.errno == errno.ENAMETOOLONG:
        reason = "its path is longer than the system can open"
        return LeftOut(path, "too deep", reason, "move it further up", is_error=True)
    if isinstance(error, NotRegularError):
        return LeftOut(path, error.kind, str(error.strerror), "remove it, and let the sender put a file here")
    reason = f"the system cannot read it ({error.strerror or error})"
    return LeftOut(path, "I/O error", reason, "check the disk or the network drive, then run again", is_error=True)


def _may_read(name: str, descriptor: int) -> bool:
    """Whether this process may read a file; checked by the listing, so that the file is reported by name once."""
    effective = os.access in os.supports_effective_ids
    return os.access(name, os.R_OK, dir_fd=descriptor, effective_ids=effective)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
