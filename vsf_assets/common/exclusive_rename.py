"""Renames a file without ever replacing another one.

Here: the call, and the way without it. Not here: writing files atomically (atomic_files.py). It is a module of its own
since the C library is loaded for it.
"""

import ctypes
import errno
import os
from functools import cache
from pathlib import Path

from vsf_assets.common.atomic_files import link_new

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1
"""Arguments of renameat2 in the headers of Linux."""


def rename_new(path: Path, target: Path) -> bool:
    """Rename a file unless the target exists; return whether it was renamed.

    Where the system can, one step does it: at any time, also after a kill, the file is seen under exactly one of its
    names. Elsewhere a link and the removal of the first name follow each other.

    Raises:
        OSError: a folder cannot be written to, or the target is on another file system.
    """
    is_renamed = _renamed_at_once(path, target)
    if is_renamed is None:
        is_renamed = link_new(path, target)
        if is_renamed:
            path.unlink(missing_ok=True)
    return is_renamed


def _renamed_at_once(path: Path, target: Path) -> bool | None:
    """Rename by renameat2 of Linux; None where the system or the file system has no such call."""
    rename = getattr(_c_library(), "renameat2", None)
    if rename is None:
        return None
    if rename(_AT_FDCWD, os.fsencode(path), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        return False
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return None
    raise OSError(number, os.strerror(number), str(path), None, str(target))


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
