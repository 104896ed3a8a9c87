"""A loss of power in tests: what a disk holds for certain is what was flushed to it.

Here: noting what is flushed, and the image of a lake after a loss. Not here: when the power goes (test_guards.py).

A real disk may hold more; a test takes the least that it may hold. The content of a file counts as of its last flush: a
file that was not flushed, or was changed since, is there with zeros. The name of a file or folder counts if its folder
was flushed since.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest


class Disk:
    """What was flushed while the patch holds.

    Attributes:
        flushes: how often each file was, by its path at that time.
    """

    def __init__(self, patch: pytest.MonkeyPatch):
        self.flushes = Counter[Path]()
        self._contents: dict[int, tuple[int, int]] = {}
        self._names: dict[int, set[str]] = {}
        self._fsync = os.fsync
        patch.setattr(os, "fsync", self._flush)

    def _flush(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found = os.fstat(descriptor)
        if path.is_dir():
            self._names[found.st_ino] = set(os.listdir(path))
        else:
            self._contents[found.st_ino] = (found.st_size, found.st_mtime_ns)
            self.flushes[path] += 1

    def image(self, catalog: Path, lake: Path, target: Path) -> Path:
        """Write what is left of a catalog and of its lake into a new folder of a home; return the catalog there."""
        copied = target / "warehouse" / catalog.name
        copied.parent.mkdir(parents=True)
        self._keep_file(catalog, copied)
        self._keep_folder(lake, target / "lake")
        return copied

    def _keep_folder(self, folder: Path, target: Path) -> None:
        if folder.name not in self._names.get(folder.parent.stat().st_ino, ()):
            return
        target.mkdir()
        names = self._names.get(folder.stat().st_ino, set())
        for path in folder.iterdir():
            if path.is_dir():
                self._keep_folder(path, target / path.name)
            elif path.name in names:
                self._keep_file(path, target / path.name)

    def _keep_file(self, path: Path, target: Path) -> None:
        found = path.stat()
        if self._contents.get(found.st_ino) == (found.st_size, found.st_mtime_ns):
            shutil.copyfile(path, target)
        else:
            target.write_bytes(bytes(found.st_size))
