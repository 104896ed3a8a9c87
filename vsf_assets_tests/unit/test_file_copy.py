"""Copying a file: blocks are shared where the disk can, else the kernel copies, else it is read and written.

Not here: names and flushing (test_atomic_files.py), and what is published (engine/test_snapshots.py).
"""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.common import file_copy
from vsf_assets.common.file_copy import copy_into
from vsf_assets.config.settings import PROJECT_ROOT

CONTENT = bytes(range(256)) * 4000


def copied(folder: Path) -> bytes:
    source, target = folder / "source", folder / "target"
    source.write_bytes(CONTENT)
    with target.open("wb") as file:
        copy_into(source, file)
        assert file.tell() in (0, len(CONTENT))
    return target.read_bytes()


@pytest.fixture(autouse=True)
def without_reflinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system of these tests be one without reflinks, also where it has them."""
    monkeypatch.setattr(file_copy, "FICLONE", 0)


def test_the_kernel_copies_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_copy, "AT_ONCE", 300_001)
    monkeypatch.setattr(shutil, "copyfileobj", lambda reader, *_: reader.read() and pytest.fail("it was read"))
    assert copied(tmp_path) == CONTENT


@pytest.mark.parametrize("code", ["EXDEV", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EPERM"])
@pytest.mark.parametrize("done", [0, 70_000])
def test_what_the_kernel_cannot_copy_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, done: int
) -> None:
    copy, calls = os.copy_file_range, []

    def fails(source: int, target: int, count: int) -> int:
        calls.append(count)
        if len(calls) == 1 and done:
            return copy(source, target, done)
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    monkeypatch.setattr(os, "copy_file_range", fails)
    assert copied(tmp_path) == CONTENT
    assert len(calls) == (2 if done else 1)


def test_a_copy_that_the_kernel_ends_early_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy, calls = os.copy_file_range, iter([5000])
    monkeypatch.setattr(os, "copy_file_range", lambda a, b, _: copy(a, b, n) if (n := next(calls, 0)) else 0)
    assert copied(tmp_path) == CONTENT


def test_a_system_without_the_call_reads_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "copy_file_range")
    assert copied(tmp_path) == CONTENT


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="No space left"):
        copied(tmp_path)


ON_A_DISK = """
import os, subprocess, sys
from pathlib import Path
from vsf_assets.common.file_copy import copy_into

image, disk = sys.argv[1:]
subprocess.run(["mount", "-o", "loop", image, disk], check=True)
try:
    source, target = Path(disk) / "source", Path(disk) / "target"
    source.write_bytes(os.urandom(1 << 20) * 32)
    subprocess.run(["sync", "-f", disk], check=True)
    before = os.statvfs(disk).f_bfree * os.statvfs(disk).f_frsize
    with target.open("wb") as file:
        is_shared = copy_into(source, file)
    subprocess.run(["sync", "-f", disk], check=True)
    used = before - os.statvfs(disk).f_bfree * os.statvfs(disk).f_frsize
    is_same = source.read_bytes() == target.read_bytes()
    with source.open("r+b") as file:
        file.write(b"changed")
    print(is_shared, is_same, used < 4 << 20, target.read_bytes()[:7] != b"changed")
finally:
    subprocess.run(["umount", disk], check=True)
"""


@pytest.mark.parametrize("make", [("mkfs.xfs", "-q", "-m", "reflink=1"), ("mkfs.btrfs", "-q")], ids=["xfs", "btrfs"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts disks")
def test_a_disk_with_reflinks_shares_blocks(tmp_path: Path, make: tuple[str, ...]) -> None:
    if shutil.which(make[0]) is None:
        pytest.skip(f"needs {make[0]}, of the package xfsprogs or btrfs-progs")
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(320 << 20)
    subprocess.run([*make, str(image)], check=True, capture_output=True)
    # In a mount namespace of its own: the disk is gone with the process, however it ends.
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", ON_A_DISK, str(image), str(disk)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
    )
    if "unshare failed" in done.stderr or "mount: " in done.stderr:
        pytest.skip(f"this machine mounts no disks: {done.stderr.strip().splitlines()[0]}")
    assert done.stdout.split() == ["True"] * 4, done.stderr
