"""Detects archived originals that were written to after they were loaded, and records the change.

Here: detecting them, renaming them to the digest of their new content, and the record of the change beside them. Not
here: reading them again in place of their earlier rows (ingest/session.py, warehouse/ledger.py). A rename into the
archive keeps the inode: a process that has the file open goes on writing into the original. If the operating system
does not show such a process (storage/open_writers.py), size or modified time of the original show the write
afterwards. Only an archive in a folder is checked; an object never changes. The record causes the finding
changed_after_load, also in a rebuild (decision 0026).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vsf_assets.archive.archive_file import keep_time, originals
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.storage.archive_names import CHANGED_SUFFIX, archive_path
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.open_writers import is_written
from vsf_assets.storage.transfer import sha256_of

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow

NOTE = "rechecked-originals"
"""Originals whose time changed and whose content did not; if the note is lost, each is hashed once more."""


@dataclass(frozen=True)
class Changed:
    """An original that was written to after it was loaded.

    Attributes:
        row: the ledger's row of what was loaded.
        entry: the original under the name of its new content.
        sha256: its digest now.
    """

    row: "FileRow"
    entry: Entry
    sha256: str


def to_recheck(rows: Iterable["FileRow"], settings: Settings, now: datetime) -> list["FileRow"]:
    """Return rows whose originals may have been written to since they were loaded; needs no read, only stat calls.

    Args:
        rows: the ledger.
        settings: where the archive is, and for how long originals are checked (VSF_RECHECK_HOURS).
        now: the time, UTC.
    """
    archive, since = open_store(settings.archive), now - timedelta(hours=settings.recheck_hours)
    recent = [row for row in rows if row.loaded_at >= since and not _is_made_here(row.feed)]
    if not isinstance(archive, FolderStore) or not recent:
        return []
    noted, found, successors = read_note(settings, NOTE), [], Successors(archive)
    for row in recent:
        try:
            entry = archive.stat(row.archive_path)
        except OSError as error:
            if not is_about_one_file(error):
                raise
            continue  # the read of this original reports the error
        if entry is None:
            found += [row] if successors.of(row) else []
        elif _was_written_to(row, entry) and noted.get(entry.path) != _state(entry) and not is_written(archive, entry):
            found.append(row)
    return found


def _is_made_here(feed: str) -> bool:
    return feed not in all_feeds() or all_feeds()[feed].is_fetched


def _was_written_to(row: "FileRow", entry: Entry) -> bool:
    """Whether size and time show that an original was written to: it grew, or its modified time changed.

    A file of an upload may be older than the upload. An original that shrank is damaged, since a writer only appends.
    """
    is_later = entry.modified > row.landed_at
    has_other_time = is_later if all_feeds()[row.feed].members else entry.modified != row.landed_at
    return entry.size > row.bytes or (entry.size == row.bytes and has_other_time)


def _state(entry: Entry) -> list[int | str]:
    return [entry.size, entry.modified.isoformat()]


def refile_changed(rows: Iterable["FileRow"], settings: Settings) -> Iterator[Changed]:
    """Hash originals, rename those whose content changed, and yield them under their new names.

    Args:
        rows: the result of `to_recheck`.
        settings: where the archive is.
    """
    archive, equal = open_store(settings.archive), dict[str, list[int | str]]()
    if not isinstance(archive, FolderStore):
        return
    for row in rows:
        try:
            changed = _refile(archive, row, equal)
        except OSError as error:
            if not is_about_one_file(error):
                raise
            continue  # the next run checks it again
        if changed is not None:
            yield changed
    if equal:
        write_note(settings, NOTE, {**read_note(settings, NOTE), **equal})


def _refile(archive: FolderStore, row: "FileRow", equal: dict[str, list[int | str]]) -> Changed | None:
    """Rename one original if its content changed; else put its state into `equal`."""
    entry = archive.stat(row.archive_path)
    if entry is None:
        # A run renamed it and died before it stored the rows.
        target = Successors(archive).of(row)
    else:
        digest = sha256_of(archive, entry.path)
        if digest == row.sha256:
            equal[entry.path] = _state(entry)
            return None
        if not entry.same_state(archive.stat(entry.path)):
            return None  # a process is writing to it; the next run checks it again
        target = archive_path(row.feed, row.partition_key, row.landed_at, digest, row.file_name)
        rename_original(archive, entry.path, target, row.landed_at)
    there = archive.stat(target) if target is not None else None
    return Changed(row, there, sha256_of(archive, there.path)) if there is not None else None


def rename_original(archive: FolderStore, path: str, target: str, landed_at: datetime) -> None:
    """Rename an original to the digest of its new content, keep its modified time, and record the change.

    The record is written first: an original never has a new name without it. If the new name already exists, both
    are the same delivery, and the existing file stays.
    """
    with archive.writer(target + CHANGED_SUFFIX):
        pass
    try:
        if archive.stat(target) is None:
            archive.move(path, target)
            keep_time(archive, target, landed_at)
        archive.remove(path)
    except FileNotFoundError:
        return  # another run was faster
    archive.remove(path + CHANGED_SUFFIX)


def has_record(archive: Store, path: str) -> bool:
    """Whether a record exists that an original was written to after it was loaded."""
    return archive.stat(path + CHANGED_SUFFIX) is not None


class Successors:
    """Finds originals that a run renamed before it died; each folder of the archive is listed once."""

    def __init__(self, archive: FolderStore):
        self._archive = archive
        self._listed: dict[str, dict[tuple[str, str], str]] = {}

    def of(self, row: "FileRow") -> str | None:
        """Return the path of a row's original under its new name; None if it was not renamed."""
        folder, _, name = row.archive_path.rpartition("/")
        if folder not in self._listed:
            paths = {entry.path for entry in self._archive.entries(folder)}
            changed = (path for path in sorted(paths, reverse=True) if path + CHANGED_SUFFIX in paths)
            self._listed[folder] = {_without_digest(path): path for path in changed}
        return self._listed[folder].get(_without_digest(name))


def _without_digest(path: str) -> tuple[str, str]:
    """Return landing time and file name from an original's path; both stay when its content changes."""
    parts = path.rpartition("/")[2].split("__", 2)
    return parts[0], parts[-1]


def settle_archive(settings: Settings) -> None:
    """Rename changed originals without a ledger, before a rebuild reads them.

    An original counts as changed if it was written to within VSF_RECHECK_HOURS after it landed. If its digest is not
    the one in its name and its time is unchanged or later than that, it is damaged, and the rebuild reports it.

    Raises:
        VsfError: a process is still writing to an original.
    """
    archive, window = open_store(settings.archive), timedelta(hours=settings.recheck_hours)
    if not isinstance(archive, FolderStore):
        return
    for o in list(originals(archive)):
        if o.feed.is_fetched or not o.landed_at < o.entry.modified <= o.landed_at + window:
            continue
        if is_written(archive, o.entry):
            raise VsfError(
                f"a process is still writing to {o.entry.path} in the archive; wait until it ends, or end it"
            )
        digest = sha256_of(archive, o.entry.path)
        if not digest.startswith(o.sha256_start):
            target = archive_path(o.feed.name, o.partition, o.landed_at, digest, o.name)
            rename_original(archive, o.entry.path, target, o.landed_at)
