"""Copies originals to safety before the transaction that stores their rows.

Here: the copy or hard link of a delivered file in a hidden folder of the archive, made before the delivery is stored;
its rename to the final name afterwards; and recovery after a crash. Not here: removing the delivered file from the
landing zone (archive/archive_file.py). A sender may delete, replace or overwrite a file at any moment; every stored
delivery keeps its original all the same. A large file on the archive's file system gets a hard link, which costs
nothing. The link loses the original only if the sender writes into the file itself; the run reports that. In an
archive in an object store, which may forbid deletion, the copy has its final name from the start.
"""

import errno
import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from vsf_assets.archive.archive_file import keep_time, refuse_damaged
from vsf_assets.common.atomic_files import flush_to_disk
from vsf_assets.common.errors import VsfError
from vsf_assets.common.prefetch import map_in_order
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.storage.archive_names import archive_path
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.full_disk import FullDiskError, room_for
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import ObjectStoreError, StoredObjectReplacedError
from vsf_assets.storage.transfer import copy_file, sha256_of
from vsf_assets.warehouse.input_and_result import ReadResult

if TYPE_CHECKING:
    from vsf_assets.ingest.ingest_report import IngestReport
    from vsf_assets.warehouse.ledger import FileRow

SAFE = ".safe"
"""Folder of the archive that no listing shows: originals whose transaction may be open."""

LEFT_BEHIND = timedelta(days=1)
"""Age after which a safe copy without a stored delivery is removed: its run died, and the sender withdrew the file."""

SMALL_BYTES = 1 << 20
"""Files up to this size are copied, although a hard link is possible."""

_NO_LINK = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.ENOSYS,
    errno.EINVAL,
    errno.ELOOP,
}


def after_load_of(settings: Settings, feed: str) -> str:
    """Return VSF_AFTER_LOAD for a feed; some feeds are always archived."""
    is_own = feed in all_feeds() and all_feeds()[feed].is_always_archived
    return "archive" if is_own else settings.after_load


class OverwrittenError(VsfError):
    """A safe copy does not hold the stored content."""


def needs_safekeeping(result: ReadResult, settings: Settings) -> bool:
    """Whether another process may touch the file before it is archived, and its original is kept."""
    input_file = result.input_file
    return (
        input_file.known_sha256 is None
        and not input_file.store.is_private
        and after_load_of(settings, input_file.feed.name) != "delete"
    )


def secure(results: list[ReadResult], settings: Settings, report: "IngestReport") -> list[ReadResult]:
    """Make safe copies of the originals; return the results that may be stored.

    Args:
        results: results of reading.
        settings: the address of the archive, and VSF_AFTER_LOAD.
        report: receives files without a safe copy; they are not stored.

    Raises:
        FullDiskError: the archive has no room; nothing is stored.
    """
    wanted = [d for d in results if needs_safekeeping(d, settings)]
    if not wanted:
        return results
    archive = open_store(settings.archive)

    def is_safe(result: ReadResult) -> bool:
        return _is_secured(result, archive, settings, report)

    workers = max(archive.workers, wanted[0].input_file.store.workers)
    outcomes = map_in_order(is_safe, wanted, workers)
    failed = {path for path, _ in report.failed}
    lost = [d for d, done in zip(wanted, outcomes, strict=True) if not done]
    for result in lost:
        path = result.input_file.entry.path
        if path not in failed:
            report.left.append((path, "changed before it was stored; it is taken up when it is stable"))
    gone = set(map(id, lost))
    return [result for result in results if id(result) not in gone]


def _is_secured(result: ReadResult, archive: Store, settings: Settings, report: "IngestReport") -> bool:
    """Make a safe copy of one original; a failure is reported and stops no other file."""
    path = result.input_file.entry.path
    try:
        with room_for(f"the original {result.input_file.entry.name}", settings.archive, result.size):
            return secure_one(result, archive, after_load_of(settings, result.input_file.feed.name))
    except FullDiskError:
        raise  # nothing is stored yet, and the others would meet the full disk too
    except (VsfError, ObjectStoreError) as error:
        report.failed.append((path, f"not loaded, it cannot be archived: {error}"))
    except OSError as error:
        if not is_about_one_file(error):
            raise
        report.cannot_use(path, error, "archived, so it is not loaded")
    return False


def secure_one(result: ReadResult, archive: Store, after_load: str) -> bool:
    """Make a safe copy of one original; return False if the file is not the one that was read.

    A vanished file needs no copy: the check under the lock leaves it out.
    """
    input_file, entry = result.input_file, result.input_file.entry
    target = archive_path(
        input_file.feed.name, input_file.partition, input_file.landed_at, result.sha256, input_file.name
    )
    place, moves = f"{SAFE}/{target}", after_load == "archive" and is_same_disk(input_file.store, archive)
    if not isinstance(archive, FolderStore):
        return _copy_object(result, archive, target)
    try:
        if moves and entry.size > SMALL_BYTES and link(input_file.store, entry.path, archive, place):
            linked = archive.stat(place)
            if linked is None or (linked.size, linked.modified) == (entry.size, entry.modified):
                return True
            archive.remove(place)
            return False
        if moves and entry.size <= SMALL_BYTES:
            return _copy_unsynced(result, archive, place)
        is_copied = copy_file(input_file.store, entry, archive, place, result.sha256)
    except FileNotFoundError:
        return True
    if is_copied:
        keep_time(archive, place, entry.modified)
    return is_copied


def _copy_object(result: ReadResult, archive: Store, target: str) -> bool:
    input_file = result.input_file
    if archive.stat(target) is not None:
        refuse_damaged(archive, target, result.sha256)
        return True
    try:
        return copy_file(input_file.store, input_file.entry, archive, target, result.sha256)
    except FileNotFoundError:
        return True
    except StoredObjectReplacedError:
        return False


def _copy_unsynced(result: ReadResult, archive: FolderStore, place: str) -> bool:
    """Copy a small file without fsync: most likely the file itself moves to the archive later."""
    with result.input_file.store.open(result.input_file.entry.path, result.input_file.entry.etag) as reader:
        content = reader.read(SMALL_BYTES + 1)
    if hashlib.sha256(content).hexdigest() != result.sha256:
        return False
    here = archive.root / place
    here.parent.mkdir(parents=True, exist_ok=True)
    here.unlink(missing_ok=True)  # left by a run that died; it may be a hard link of the file itself
    here.write_bytes(content)
    keep_time(archive, place, result.input_file.entry.modified)
    return True


def is_same_disk(landing: Store, archive: Store) -> bool:
    """Whether a rename can move a file from one store to the other."""
    here, there = landing.local_path(""), archive.local_path("")
    if here is None or there is None:
        return False
    there.mkdir(parents=True, exist_ok=True)
    return here.stat().st_dev == there.stat().st_dev


def link(source: Store, path: str, target: FolderStore, target_path: str) -> bool:
    """Make a hard link of a local file if the file system can; return whether it did."""
    here, there = source.local_path(path), target.root / target_path
    if here is None or here.is_symlink():  # a symbolic link is no original: the file behind it is copied
        return False
    there.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        try:
            os.link(here, there, follow_symlinks=False)
        except FileExistsError:
            there.unlink(missing_ok=True)  # left by a run that died, perhaps of another file
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            return False
        else:
            return True
    return False


def put_in_place(archive: Store, target: str, sha256: str = "") -> bool:
    """Rename a safe copy to its name in the archive; return whether this call did it.

    Nothing is overwritten: if a file has the name already, the copy is removed.

    Args:
        archive: the archive.
        target: its path there.
        sha256: digest to verify first, if another process may have written to the file.

    Raises:
        OverwrittenError: it no longer holds the stored content; it is removed.
    """
    place = f"{SAFE}/{target}"
    if not isinstance(archive, FolderStore):
        return True  # it was copied there before it was stored
    try:
        if archive.stat(target) is not None:
            archive.remove(place)
            return False
        if sha256 and sha256_of(archive, place) != sha256:
            archive.remove(place)
            raise OverwrittenError(
                f"it was overwritten after it was loaded and before it was archived, so the archive lacks {target}, and"
                " a rebuild will refuse; deliver the earlier file again, or what is there now under another name"
            )
        flush_to_disk(archive.root / place)
        archive.move(place, target)
    except FileNotFoundError:
        return False  # there was no safe copy, or another run was faster
    return True


def finish(archive: Store, stored: Iterable["FileRow"], report: "IngestReport", now: datetime | None = None) -> None:
    """Recover safe copies of dead runs: rename those of stored deliveries, remove old ones without a delivery.

    Args:
        archive: the archive.
        stored: rows of the ledger.
        report: receives lost originals.
        now: the time, UTC.
    """
    left = archive.hidden_entries(SAFE) if isinstance(archive, FolderStore) else []
    if not left or not isinstance(archive, FolderStore):
        return
    known, oldest_kept = {row.archive_path: row for row in stored}, (now or datetime.now(UTC)) - LEFT_BEHIND
    for entry in left:
        row = known.get(entry.path.removeprefix(f"{SAFE}/"))
        try:
            if row is not None:
                put_in_place(archive, row.archive_path, row.sha256)
            elif _came(archive, entry) < oldest_kept:
                archive.remove(entry.path)
        except OverwrittenError as error:
            report.failed.append((entry.name, str(error)))
        except OSError as error:  # the folder of one feed, for example; the next run tries again
            if not is_about_one_file(error):
                raise
            report.cannot_use(entry.name, error, "given its place in the archive", is_own=True)


def _came(archive: FolderStore, entry: Entry) -> datetime:
    """Return when an entry was created: a hard link shares all times of the file but the change time."""
    try:
        return datetime.fromtimestamp((archive.root / entry.path).stat().st_ctime, UTC)
    except FileNotFoundError:
        return datetime.now(UTC)
