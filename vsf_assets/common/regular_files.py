"""Opens regular files only, and names the kind of other directory entries.

Here: the one function that opens a file which another user may have created or may replace. Not here: listings
(storage/folder_listing.py) and the content of files. Opening a pipe blocks, and opening a device may have effects. So
only regular files are opened, also if the entry is replaced between the check and the opening.
"""

import os
import stat
import time
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO

_PAUSE = 0.05
_LEASE_SECONDS = 1.0
"""How long to wait for a file on which another program, for example a file server, holds a lease."""


class NotRegularError(OSError):
    """The entry exists, but is not a regular file.

    Attributes:
        kind: `folder`, `pipe`, `socket` or `device`.
    """

    def __init__(self, kind: str, path: Path | str):
        super().__init__(EINVAL, f"it is a {kind} and not a file", str(path))
        self.kind = kind


def kind_of(mode: int) -> str:
    """Return the kind of a file mode (`st_mode`): `file`, `folder`, `pipe`, `socket` or `device`."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def status_of(path: Path) -> os.stat_result:
    """Return the status of a regular file; links are followed.

    Raises:
        NotRegularError: the entry is not a regular file.
        OSError: the entry does not exist or its status cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(kind_of(status.st_mode), path)
    return status


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; the caller closes it.

    Raises:
        NotRegularError: the entry is not a regular file; it is not opened.
        OSError: the file does not exist or cannot be read.
    """
    status_of(path)
    # The entry can be replaced between the check and the opening: O_NONBLOCK keeps a pipe from blocking.
    descriptor = _opened(path)
    kind = kind_of(os.fstat(descriptor).st_mode)
    if kind != "file":
        os.close(descriptor)
        raise NotRegularError(kind, path)
    return os.fdopen(descriptor, "rb")


def _opened(path: Path) -> int:
    until = time.monotonic() + _LEASE_SECONDS
    while True:
        try:
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def read_regular(path: Path, maximum: int) -> bytes:
    """Return the first `maximum` bytes of a regular file; raises the errors of `open_regular`."""
    with open_regular(path) as file:
        return file.read(maximum)


def is_private_error(error: OSError) -> bool:
    """Whether an error concerns one file only, and not a full disk or an exhausted resource of the process."""
    from errno import EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS

    return error.errno not in (EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS)
