"""Recognizes landed files that continue a file that was loaded too early.

Here: recognizing them, and copying the complete file into the archive in place of its first part. Not here: originals
that are written to in the archive (archive/changed_originals.py). Two kinds of files stay in the landing zone after
they are loaded: with VSF_AFTER_LOAD=keep, and files that another process had open when they were to be archived. A
file that begins with exactly the loaded bytes, within VSF_RECHECK_HOURS, is the same delivery; any other content is
a new delivery.
"""

import errno
import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from vsf_assets.archive.archive_file import keep_time
from vsf_assets.archive.changed_originals import Changed
from vsf_assets.common.digests import update
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.safe_copies import after_load_of
from vsf_assets.landing.pending import Landed
from vsf_assets.storage.archive_names import CHANGED_SUFFIX, archive_path
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.entry import EPOCH, Entry
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.transfer import copy_file

if TYPE_CHECKING:
    from vsf_assets.ingest.ingest_report import IngestReport
    from vsf_assets.warehouse.ledger import FileRow

NOTE = "opened-again"
"""Landing path -> archive path of files that were open again. Without this note such a file is a new delivery."""


def note_opened_again(path: str, row: "FileRow", settings: Settings) -> None:
    """Note that a loaded file stays in the landing zone, because another process has it open."""
    write_note(settings, NOTE, {**read_note(settings, NOTE), path: row.archive_path})


def continued(
    new: list[Landed],
    ledger: Iterable["FileRow"],
    landing: Store,
    archive: Store,
    settings: Settings,
    now: datetime,
    report: "IngestReport",
) -> list[Changed]:
    """Remove files that continue a loaded file from `new`; return them as changed originals.

    Args:
        new: landed files that the ledger does not know in their state.
        ledger: all rows.
        landing: the store with the landed files.
        archive: the store with the originals; an object never continues.
        settings: VSF_AFTER_LOAD and VSF_RECHECK_HOURS.
        now: the time, UTC.
        report: receives files that cannot be compared; they are removed from `new` and left for a later run.
    """
    if not new or not isinstance(landing, FolderStore) or not isinstance(archive, FolderStore):
        return []
    since, noted = now - timedelta(hours=settings.recheck_hours), read_note(settings, NOTE)
    rows: dict[tuple[str, str | None, str], list[FileRow]] = {}
    for row in ledger:
        if row.loaded_at >= since:
            rows.setdefault((row.feed, row.partition_key, row.file_name), []).append(row)
    found = []
    for item in list(new):
        candidates = [] if item.feed.members else rows.get((item.feed.name, item.partition, item.entry.name), [])
        try:
            changed = _of_one(item.entry, candidates, landing, archive, settings, noted)
        except OSError as error:
            if not is_about_one_file(error):
                raise
            is_own = str(error.filename or "").startswith(f"{archive.root}/")
            report.cannot_use(item.entry.path, error, "compared with what was loaded", is_own)
            new.remove(item)  # it may be the same delivery, which must not count twice
            continue
        if changed is not None:
            new.remove(item)
            found.append(changed)
    return found


def _of_one(
    entry: Entry,
    candidates: list["FileRow"],
    landing: FolderStore,
    archive: FolderStore,
    settings: Settings,
    noted: Mapping[str, Any],
) -> Changed | None:
    """Return the changed original if a file continues one of the candidates, the newest first."""
    for row in reversed(candidates):
        is_kept = after_load_of(settings, row.feed) == "keep"
        if is_kept or noted.get(entry.path) == row.archive_path:
            changed = _bring(entry, row, landing, archive, is_kept)
            if changed is not None:
                return changed
    return None


def _bring(entry: Entry, row: "FileRow", landing: FolderStore, archive: FolderStore, is_kept: bool) -> Changed | None:
    """Copy the complete file into the archive if it begins with the loaded bytes."""
    if entry.size <= row.bytes or entry.modified < row.landed_at or archive.stat(row.archive_path) is None:
        return None
    digest = _digest_after(landing, entry.path, row)
    if digest is None:
        return None
    if is_kept and not _give_time(landing, entry.path, row.landed_at):
        return None
    seen = landing.stat(entry.path)
    target = archive_path(row.feed, row.partition_key, row.landed_at, digest, row.file_name)
    with archive.writer(target + CHANGED_SUFFIX):
        pass
    if seen is None or (archive.stat(target) is None and not copy_file(landing, seen, archive, target, digest)):
        archive.remove(target + CHANGED_SUFFIX)
        return None
    keep_time(archive, target, row.landed_at)
    for path in (row.archive_path, row.archive_path + CHANGED_SUFFIX):
        archive.remove(path)  # its content is the first part of the new one
    if not is_kept and seen.same_state(landing.stat(seen.path)):
        landing.remove(seen.path)
    there = archive.stat(target)
    return Changed(row, there, digest) if there is not None else None


def _digest_after(landing: FolderStore, path: str, row: "FileRow") -> str | None:
    """Return the digest of a file that begins with the loaded bytes; None for any other file."""
    digest = hashlib.sha256()
    try:
        with landing.open(path) as file:
            if update(digest, file, row.bytes) < row.bytes or digest.hexdigest() != row.sha256:
                return None
            update(digest, file)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _give_time(landing: FolderStore, path: str, at: datetime) -> bool:
    """Set the modified time of a file that stays back to the time in the ledger; return whether that is permitted."""
    nanoseconds = (at - EPOCH) // timedelta(microseconds=1) * 1000
    try:
        os.utime(landing.root / path, ns=(nanoseconds, nanoseconds))
    except (PermissionError, FileNotFoundError):
        return False
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return False
    return True
