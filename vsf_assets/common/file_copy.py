"""Copies the content of a file into an open file, inside the kernel: by sharing blocks, or in one pass.

Here: a reflink where the file system can (XFS, Btrfs, bcachefs, OCFS2), which takes milliseconds for any size and no
room until one of the two is written to; else the kernel's own copy, with a third of the processor time of reading and
writing; else reading and writing. Not here: atomic names (atomic_files.py), and flushing.
"""

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

FICLONE = 0x40049409
"""ioctl_ficlone(2)."""

AT_ONCE = 64 << 20
"""Bytes of one call of the kernel's copy, after which an interrupt is answered."""

_CANNOT = {
    *(errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.ENOTTY),
    *(errno.EXDEV, errno.EINVAL, errno.EPERM, errno.EBADF),
}
"""Errors of a file system, a pair of file systems or a kernel without the operation. EPERM and EBADF come from
sandboxes and file systems in user space; where they mean anything else, reading and writing raises the same."""


def copy_into(source: Path, target: BinaryIO) -> bool:
    """Copy a file into another one, which is open for writing and empty.

    Returns:
        Whether the two share their blocks.

    Raises:
        OSError: the file cannot be read, or the copy not be written.
    """
    with source.open("rb") as reader:
        if _shared(reader, target):
            return True
        _copied(reader, target)
        # Some file systems in user space, and a few kernels, end the kernel's copy early without an error.
        shutil.copyfileobj(reader, target, 1 << 20)
    return False


def _shared(reader: BinaryIO, target: BinaryIO) -> bool:
    import fcntl

    try:
        fcntl.ioctl(target.fileno(), FICLONE, reader.fileno())
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True


def _copied(reader: BinaryIO, target: BinaryIO) -> None:
    """Copy by the kernel as far as it can; both files are then at the same place."""
    if not hasattr(os, "copy_file_range"):
        return
    size = os.fstat(reader.fileno()).st_size
    done = 0
    try:
        while done < size:
            copied = os.copy_file_range(reader.fileno(), target.fileno(), AT_ONCE)
            if not copied:
                break
            done += copied
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    reader.seek(done)
    target.seek(done)
