"""Writes local files so that they appear as a whole or not at all.

Here: writing beside the target under a hidden name, flushing, giving the name, and cleaning up after a failure. Not
here: a full disk (storage/full_disk.py), stores (storage/), the pointer to a snapshot, which is a link
(publish/publish.py), and files that are finished in one place and get their name in another (catalog/inbox.py).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
"""What a file system answers that knows no second names, or has too many of a file."""


@dataclass(frozen=True)
class TempFile:
    """A file that is being written under a name that no listing shows.

    Attributes:
        path: hidden, and ends in `.tmp`.
        file: open for writing.
    """

    path: Path
    file: BinaryIO

    def finish(self, is_durable: bool = True) -> None:
        """Close the file; a durable one is on the disk then, whatever becomes of the machine."""
        self.file.flush()
        if is_durable:
            os.fsync(self.file.fileno())
        self.file.close()


@contextmanager
def temp_beside(path: Path, *, mode: int | None = None, temp_path: Path | None = None) -> Iterator[TempFile]:
    """Open a new file in the folder of `path`; it goes at the end, unless it has got another name by then.

    Args:
        path: the file that it will become; its folder is there.
        mode: its rights; None for what the umask leaves of 0o666.
        temp_path: its name; None for a new one. With a name of its own the next attempt takes the place of what a
            killed one left, which matters for large files; then only one process at a time may write it.

    Raises:
        OSError: it cannot be made or written.
    """
    if temp_path is not None:
        temp_path.unlink(missing_ok=True)
    name = temp_path or path.with_name(f".{os.urandom(8).hex()}.tmp")
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield TempFile(name, file)
    finally:
        name.unlink(missing_ok=True)


@contextmanager
def atomic_file(
    path: Path, *, mode: int | None = None, is_durable: bool = True, temp_path: Path | None = None
) -> Iterator[BinaryIO]:
    """Write a file that takes its name, and the place of an earlier one, when the block ends well.

    Args:
        path: its name; the folder is there.
        mode: its rights; see `temp_beside`.
        is_durable: whether it is flushed to the disk before it gets the name. Without it a machine that loses power
            may keep an empty file under the name; for what costs only work to make again.
        temp_path: its name until then; see `temp_beside`.

    Raises:
        OSError: it cannot be written; what had the name has it still.
    """
    with temp_beside(path, mode=mode, temp_path=temp_path) as temp:
        yield temp.file
        temp.finish(is_durable)
        temp.path.replace(path)


def atomic_write(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write a small file at once; see `atomic_file`."""
    with atomic_file(path, is_durable=is_durable) as file:
        file.write(content)


def link_new(temp_path: Path, path: Path) -> bool:
    """Give a finished file its name, unless one has it, also one that came this instant; return whether it was done.

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
    """Let what was written to a file be on the disk, whoever wrote it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
