"""Takes from a process the right to remove data files of a shared lake that is a folder.

Here: which folders keep the right, and whether it is gone. Not here: the system calls (common/landlock.py), and a lake
in an object store, where the key of the process has no right to delete.

When the answer to COMMIT is lost, DuckLake removes the data files that it wrote, although PostgreSQL has committed: the
lake could never be read again. So only maintenance may remove data files; everybody else is refused by the kernel.
"""

import os
from collections.abc import Iterator
from errno import EACCES
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.common.landlock import (
    MOVE,
    REMOVE_FILE,
    REMOVE_FOLDER,
    LandlockError,
    landlock_version,
    refuse_rights,
)

LEAST_LANDLOCK = 2
"""Version 1 would refuse to move files between folders too, everywhere."""

PROBE = ".removal-test"
"""Name of an empty folder in the lake."""

_REMOVE = REMOVE_FILE | REMOVE_FOLDER


class RemovalError(VsfError):
    """The process could not be kept from removing data files of the lake."""


def can_deny_removal() -> bool:
    """Return whether the kernel can keep a process from removing files below a folder (Linux 5.19 or later)."""
    return landlock_version() >= LEAST_LANDLOCK


def deny_removal(lake: Path, is_alone: bool = True) -> None:
    """Keep this thread, and all that it starts from now on, from removing or replacing files below a folder.

    DuckDB's threads are started by the thread that opens it, so this comes first; and it removes files in the thread
    that commits, so each thread that uses it needs this. Folders above the lake lose the right
    too for what lies directly in them, and for folders that are made there later: a lake needs a folder of its own, and
    the home does not lie above it.

    Args:
        lake: the folder.
        is_alone: whether the process must have no other threads, which keep the right.

    Raises:
        RemovalError: the kernel cannot, or the process has other threads and may have none.
    """
    if not can_deny_removal():
        raise RemovalError(
            "this kernel cannot keep a process from removing files (Landlock, Linux 5.19 or later); a lake in a folder"
            " that several processes share needs it. Use an object store: VSF_LAKE=s3://…"
        )
    threads = len(os.listdir("/proc/self/task"))
    if is_alone and threads != 1:
        raise RemovalError(f"the process has {threads} threads; only one of them would be kept from removing files")
    lake = lake.resolve()
    allowed = [(place, _REMOVE) for place in _beside(lake)]
    try:
        refuse_rights(_REMOVE | MOVE, [(Path("/"), MOVE), *allowed])
    except LandlockError as error:
        raise RemovalError(str(error)) from error


def removal_is_denied(lake: Path) -> bool:
    """Return whether this thread can remove nothing in a lake; a folder in it stays for the test.

    The kernel asks for the right before it sees that a folder is not removed like a file. The test is made inside the
    lake, where whoever stores may write: above it, a lack of permission would look the same.
    """
    probe = lake / PROBE
    try:
        probe.mkdir(exist_ok=True)
        probe.unlink()
    except OSError as error:
        return error.errno == EACCES
    raise RemovalError(f"{probe} was no folder")


def _beside(lake: Path) -> Iterator[Path]:
    """Return all that lies beside the lake and beside each folder above it."""
    for folder in (lake, *lake.parents):
        if folder.parent != folder:
            for entry in os.scandir(folder.parent):
                if entry.name != folder.name and entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)
