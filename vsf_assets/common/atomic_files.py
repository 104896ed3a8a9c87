"""Writes local files atomically: a file appears complete or not at all.

Here: writing a temporary file beside the target, fsync, rename, and cleaning up after a failure. Not here: a full disk
(storage/full_disk.py), stores (storage/), the pointer to a snapshot, which is a link (publish/publish.py), and files
that one function writes and another renames (catalog/inbox.py).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
"""Errors of a file system without hard links, or with too many links to one file."""


@dataclass(frozen=True)
class TempFile:
    """A temporary file that is being written; listings ignore its name.

    Attributes:
        path: its path; the name is hidden and ends in `.tmp`.
        file: open for writing.
    """

    path: Path
    file: BinaryIO

    def finish(self, is_durable: bool = True) -> None:
        """Close the file; a durable one is flushed to the disk first, so that it survives a loss of power."""
        self.file.flush()
        if is_durable:
            os.fsync(self.file.fileno())
        self.file.close()


@contextmanager
def temp_beside(path: Path, *, mode: int | None = None, temp_path: Path | None = None) -> Iterator[TempFile]:
    """Open a temporary file in the folder of `path`, and remove it at the end unless it was renamed.

    Args:
        path: the final path; its folder exists.
        mode: file permissions; None for 0o666 less the umask.
        temp_path: path of the temporary file; None for a new random one. With a fixed path, the next attempt replaces
            the file that a killed one left, which matters for large files. Then only one process at a time may write.

    Raises:
        OSError: the file cannot be created or written.
    """
    if temp_path is not None:
        temp_path.unlink(missing_ok=True)
    name = temp_path or path.with_name(f".{os.urandom(8).hex()}.tmp")
    is_ours = True  # also where an interrupt comes between its creation and the result
    try:
        try:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            is_ours = False
            raise
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield TempFile(name, file)
    finally:
        if is_ours:
            name.unlink(missing_ok=True)


@contextmanager
def atomic_file(
    path: Path, *, mode: int | None = None, is_durable: bool = True, temp_path: Path | None = None
) -> Iterator[BinaryIO]:
    """Write a temporary file, and rename it to `path` when the block ends without an exception.

    Args:
        path: the final path; its folder exists, and an earlier file is replaced.
        mode: file permissions; see `temp_beside`.
        is_durable: whether the file is flushed to the disk before the rename. Without it, a loss of power may leave an
            empty file; suitable for content that can be computed again.
        temp_path: path of the temporary file; see `temp_beside`.

    Raises:
        OSError: the file cannot be written; an earlier file stays unchanged.
    """
    with temp_beside(path, mode=mode, temp_path=temp_path) as temp:
        yield temp.file
        temp.finish(is_durable)
        temp.path.replace(path)


def atomic_write(path: Path, content: bytes, *, is_durable: bool = True, mode: int | None = None) -> None:
    """Write a small file atomically; see `atomic_file`."""
    with atomic_file(path, is_durable=is_durable, mode=mode) as file:
        file.write(content)


def link_new(temp_path: Path, path: Path) -> bool:
    """Give a finished temporary file its final name without replacing a file; return False if one exists already.

    A hard link does this atomically, also if another process creates the file at the same time.

    Raises:
        OSError: the folder cannot be written to.
    """
    try:
        os.link(temp_path, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if path.exists():
            return False
        temp_path.replace(path)
    return True


def flush_to_disk(path: Path) -> None:
    """Flush a file to the disk (fsync), also if another process wrote it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
