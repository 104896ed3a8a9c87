"""Rights in tests: what a user who is not root may not read, also where the tests run as root.

Here: giving up root's right to pass over permissions, for a while or in a child process. Not here: any test. Files are
still made by root, so that only the mode of a file decides.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION_3 = 0x20080522
_PASSES_OVER = (1 << 1) | (1 << 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""

_DROP_FROM_BOUNDING_SET = 24
"""The option PR_CAPBSET_DROP of prctl."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def like_other_users() -> Iterator[None]:
    """Let permissions hold for this thread, and those it starts, also where it is root's."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0
    before = sets[0].effective
    sets[0].effective = before & ~_PASSES_OVER
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0


def others_may_pass(folder: Path) -> bool:
    """Whether every user may pass through a folder and all above it, e.g. to read the project's `.env`."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def drop_rights_before_exec() -> None:
    """Let permissions hold for a child process, also where it is root's; for subprocess's `preexec_fn`.

    Root's program has all rights again that the bounding set leaves, so they are taken from there.
    """
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in (1, 2):
            assert libc.prctl(_DROP_FROM_BOUNDING_SET, right, 0, 0, 0) == 0
