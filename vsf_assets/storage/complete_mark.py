"""The mark of a file that was put into the landing zone whole: an extended attribute with its size and time.

Here: setting the mark and reading it. `vsf land` sets it on the temporary file, so the file appears with it by one
atomic rename, and a listing need not wait until the file settles. The mark loses its meaning when the file is changed,
because it names size and modified time. Not here: the `.done` markers of other senders (folder_listing.py). On a system
or file system without extended attributes no file has a mark, and files settle as usual.
"""

import contextlib
import os
from pathlib import Path

_NAME = "user.vsf.complete"


def mark_complete(path: Path) -> None:
    """Mark a file as complete in its present state; do nothing where the file system has no extended attributes."""
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            os.setxattr(path, _NAME, _state(path.stat()))


def is_complete(path: str, status: os.stat_result) -> bool:
    """Whether a file carries a mark for the state that `status` shows."""
    if not hasattr(os, "getxattr"):
        return False
    try:
        return os.getxattr(path, _NAME) == _state(status)
    except OSError:
        return False


def _state(status: os.stat_result) -> bytes:
    return f"{status.st_size} {status.st_mtime_ns}".encode()
