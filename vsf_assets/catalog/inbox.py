"""The inbox: the local folder where fetched objects wait to be loaded.

Here: its lock, and placing complete files by atomic rename, with the time of their scan. Not here: loading the
files (ingest/session.py treats them like landed files).
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from vsf_assets.common.atomic_files import flush_to_disk
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.catalog import LIST, OBJECTS, SCANS, file_name
from vsf_assets.storage.entry import EPOCH
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.lock import hold_lock

TEMP_FOLDER = ".half"
"""Folder in the inbox for temporary files; no listing shows it."""

SCAN_RECORD_NAME = "look.jsonl"
STAMP = "%Y%m%dT%H%M%S.%fZ"


class Inbox:
    """The folder `fetched/` of a home."""

    def __init__(self, settings: Settings):
        self.root = settings.fetched
        self.store = FolderStore(self.root, is_private=True)
        self._temp_folder = self.root / TEMP_FOLDER

    @contextmanager
    def held(self, wait_seconds: float, on_wait: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock of the inbox; remove temporary files of a dead process.

        Raises:
            LockTimeoutError: another process held the lock for too long.
        """
        with hold_lock(self.root / ".lock", "fetching", wait_seconds, on_wait, "the inbox"):
            shutil.rmtree(self._temp_folder, ignore_errors=True)
            self._remove_empty_folders()
            yield

    def _remove_empty_folders(self) -> None:
        for place, _, _ in os.walk(self.root, topdown=False):
            if Path(place) != self.root and not os.listdir(place):
                Path(place).rmdir()

    @contextmanager
    def temp_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a temporary file; an exception removes it."""
        with room_for("what is fetched", self.root):
            self._temp_folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._temp_folder)
        try:
            with room_for("what is fetched", self.root), os.fdopen(handle, "wb") as file:
                yield Path(name), file
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def place(self, temp_path: Path, feed: str, profile: Profile, name: str, at: datetime) -> None:
        """Move a finished file to its place, with the time of its scan as modified time.

        Each time has a folder of its own, so a newer state never replaces an older one that is not loaded yet.
        """
        target = self.root / feed / profile.name / at.strftime(STAMP) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        nanoseconds = (at - EPOCH) // timedelta(microseconds=1) * 1000
        temp_path.chmod(0o644)
        os.utime(temp_path, ns=(nanoseconds, nanoseconds))
        flush_to_disk(temp_path)
        temp_path.replace(target)

    def place_scan(self, profile: Profile, at: datetime, records: Sequence[dict[str, Any]], content: bytes) -> None:
        """Put the record of a scan into the inbox, then the list."""
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
        if lines:
            self._write("".join(lines).encode(), SCANS, profile, SCAN_RECORD_NAME, at)
        self._write(content, LIST, profile, file_name(profile.list_name), at)

    def place_object(self, temp_path: Path, profile: Profile, name: str, at: datetime) -> None:
        """Put a fetched object into the inbox."""
        self.place(temp_path, OBJECTS, profile, file_name(name), at)

    def _write(self, content: bytes, feed: str, profile: Profile, name: str, at: datetime) -> None:
        with self.temp_file() as (temp_path, file):
            file.write(content)
        self.place(temp_path, feed, profile, name, at)
