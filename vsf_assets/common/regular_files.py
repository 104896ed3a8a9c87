"""Opens regular files only, and names what another kind of directory entry is.

Here: the one way to open a file that a stranger may have put there or may replace. Not here: listings
(storage/folder_listing.py) and what a file holds. A pipe hangs whoever opens it, a device may act on it; so what is
not a regular file is never opened, also where its name led to one a moment ago.
"""

import os
import stat
import time
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO

_PAUSE = 0.05
_LEASE_SECONDS = 1.0
"""How long a file is waited for that another program holds by a lease, as a file server does for its clients."""


class NotRegularError(OSError):
    """There is something, but not a regular file.

    Attributes:
        kind: what it is: `folder`, `pipe`, `socket` or `device`.
    """

    def __init__(self, kind: str, path: Path | str):
        super().__init__(EINVAL, f"it is a {kind} and not a file", str(path))
        self.kind = kind


def kind_of(mode: int) -> str:
    """Return what a file mode (`st_mode`) stands for: `file`, `folder`, `pipe`, `socket` or `device`."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def status_of(path: Path) -> os.stat_result:
    """Return the status of a regular file, or of the one that a link leads to.

    Raises:
        NotRegularError: it is something else.
        OSError: it is not there, or the system does not say what it is.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(kind_of(status.st_mode), path)
    return status


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; the caller closes it.

    Raises:
        NotRegularError: it is something else, which is left alone.
        OSError: it is not there or may not be read.
    """
    status_of(path)
    # The name can change between the check and the opening: then O_NONBLOCK keeps a pipe from blocking.
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


def read_regular(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a regular file; raises what `open_regular` raises."""
    with open_regular(path) as file:
        return file.read(most)


def is_private_error(error: OSError) -> bool:
    """Whether an error concerns one file; not where the disk is full or the process has run out of something."""
    from errno import EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS

    return error.errno not in (EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS)
