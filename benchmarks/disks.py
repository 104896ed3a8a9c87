"""The disks that files are measured on: waiting until one is at rest, and mounting a new one.

Here: what needs the kernel. Not here: measuring.
"""

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REST_BYTES, REST_SECONDS = 16 << 20, 20
"""The disk is at rest with less than so much to write; how long to wait for it."""

NEW_MOUNTS = 0x20000
"""CLONE_NEWNS of unshare(2): the disks that this process mounts are gone with it."""


def rest() -> None:
    """Flush everything, and wait until the disk has nothing left to write."""
    os.sync()
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        if sum(int(lines[name].split()[0]) << 10 for name in ("Dirty", "Writeback")) < REST_BYTES:
            break
        time.sleep(0.2)
    time.sleep(1)  # blocks of removed files are freed once their removal is written


@contextmanager
def new_disk(place: Path, make: tuple[str, ...], size: int) -> Iterator[Path]:
    """Mount a new disk, which lies in a file; nothing of it is left."""
    image, disk = place.with_suffix(".image"), place
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run([*make, image], check=True, capture_output=True)
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)
        image.unlink()
