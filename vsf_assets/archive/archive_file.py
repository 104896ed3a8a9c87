"""Moves originals into the archive, and parses their names there.

Here: naming, parsing names, archiving one file. Not here: when a file may be archived (after its transaction,
ingest/move_to_archive.py). Nothing in the archive is overwritten; the warehouse can be rebuilt from it alone.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.landing.pending import classify_landed
from vsf_assets.storage.archive_names import CHANGED_SUFFIX, NOT_KEPT_SUFFIX, ORIGINAL_NAME, SHA256_OF_NOTHING, STAMP
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import EPOCH, Entry
from vsf_assets.storage.ignored_names import DONE_SUFFIX, why_ignored
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import StoredObjectReplacedError
from vsf_assets.storage.transfer import copy_file, rename_if_same_disk, sha256_of


@dataclass(frozen=True)
class Archived:
    """An original in the archive, with the fields that its path holds."""

    entry: Entry
    feed: Feed
    partition: str | None
    landed_at: datetime
    sha256_start: str
    name: str
    is_changed: bool = False


def originals(archive: Store) -> Iterator[Archived]:
    """Yield every original in the archive.

    Raises:
        VsfError: files were loaded with VSF_AFTER_LOAD=delete, a name has not the form of the archive's names, or an
            entry cannot be read.
    """
    entries = [entry for entry in archive.every_entry() if not _is_stray(entry)]
    changed = {entry.path.removesuffix(CHANGED_SUFFIX) for entry in entries if _is_record(entry)}
    for entry in entries:
        if _is_record(entry):
            continue
        parts = entry.path.split("/")
        named = ORIGINAL_NAME.match(parts[-1])
        feed = all_feeds().get(parts[0])
        if _is_not_kept(entry):
            raise VsfError(
                f"{entry.path.removesuffix(NOT_KEPT_SUFFIX)} was loaded with VSF_AFTER_LOAD=delete and is not in"
                " the archive; a rebuild would lose it"
            )
        if named is None or feed is None:
            raise VsfError(f"{entry.path} in the archive is not an original the platform filed; move it away")
        landed_at = datetime.strptime(named.group(1), STAMP).replace(tzinfo=UTC)
        partition = parts[1] if len(parts) > 2 else None
        is_changed = entry.path in changed
        yield Archived(entry, feed, partition, landed_at, named.group(2), named.group(3), is_changed)


def _is_record(entry: Entry) -> bool:
    """Whether a file is the record of a change.

    A delivered empty file with such a name is not: its name holds the digest of zero bytes.
    """
    return entry.size == 0 and entry.name.endswith(CHANGED_SUFFIX) and not _has_empty_digest(entry.name)


def _is_not_kept(entry: Entry) -> bool:
    """Whether a file stands for an original that was not kept, and is no delivered file with such a name.

    It is empty if the original was not, and one byte long if the original was empty: so its content never has the
    digest in its name.
    """
    return entry.name.endswith(NOT_KEPT_SUFFIX) and _has_empty_digest(entry.name) == (entry.size > 0)


def _has_empty_digest(name: str) -> bool:
    return f"__{SHA256_OF_NOTHING}__" in name


def holds_originals(archive: Store) -> bool:
    """Whether the archive holds originals; raises UnlistedEntryError if an entry cannot be listed."""
    return not all(map(_is_stray, archive.every_entry()))


def _is_stray(entry: Entry) -> bool:
    """Whether a file is left over from an interrupted transfer; originals with such an ending are not."""
    is_unfinished = why_ignored(entry.name) is not None or entry.name.endswith(DONE_SUFFIX)
    return is_unfinished and ORIGINAL_NAME.match(entry.name) is None


def refuse_lost_warehouse(archive: Store, landing: Store, ledger_is_empty: Callable[[], bool]) -> None:
    """Refuse an empty ledger beside an archive with originals: the next snapshot would lack their rows.

    Originals of files that still wait in the landing zone are allowed: a first run that died had copied them and
    stored no rows.

    Args:
        archive: the archive.
        landing: the landing zone.
        ledger_is_empty: reads the newest ledger. It is called again before the refusal: in a lake that several machines
            share, another run may store and archive the first files while archive and landing zone are listed.

    Raises:
        VsfError: the archive holds originals that are not in the ledger, or an entry that cannot be read.
    """
    if not ledger_is_empty():
        return
    names = [entry.name for entry in archive.every_entry() if not _is_stray(entry)]
    if not names:
        return
    waiting = {(item.landed_at.strftime(STAMP), item.entry.name) for item in classify_landed(landing.entries(), ()).new}
    matched = [ORIGINAL_NAME.match(name) for name in names]
    if any(m is None or (m.group(1), m.group(3)) not in waiting for m in matched) and ledger_is_empty():
        raise VsfError(
            "the warehouse is empty or gone, but the archive holds originals; bring everything back with: vsf rebuild"
            " (what was loaded with VSF_AFTER_LOAD=delete has no original: land it again)"
        )


def archive_file(
    landing: Store,
    path: str,
    archive: Store,
    target: str,
    sha256: str,
    after_load: str,
    hashed: Entry | None = None,
    is_archived: bool = False,
) -> bool:
    """Move a loaded file from the landing zone into the archive; idempotent.

    Args:
        landing: the store with the file.
        path: its path in `landing`.
        archive: the store of the originals.
        target: its path in `archive`.
        sha256: the ledger's digest; a file with another digest stays in the landing zone.
        after_load: archive, keep or delete.
        hashed: the state in which this run read and hashed the file. An object that is still in this state is not
            fetched again. Neither is a file hashed again if no other process can write it.
        is_archived: whether this run has already copied the original into the archive (ingest/safe_copies.py).

    Returns:
        Whether the file is the one of the ledger; False leaves it for the next run.
    """
    # Operations on an object are conditional on its ETag, so an object that was just hashed needs no stat.
    is_bound = hashed is not None and bool(hashed.etag)
    seen = hashed if is_bound else landing.stat(path)
    if seen is None:
        return True
    is_known = is_bound or (landing.is_private and seen.same_state(hashed))
    try:
        is_known = is_known or sha256_of(landing, path, seen.etag) == sha256
        return is_known and _archive_seen(landing, seen, archive, target, sha256, after_load, is_archived)
    except FileNotFoundError:
        if landing.stat(path) is None:
            return True  # another run archived it meanwhile
        raise
    except StoredObjectReplacedError:
        return False


def _archive_seen(
    landing: Store, seen: Entry, archive: Store, target: str, sha256: str, after_load: str, is_archived: bool = False
) -> bool:
    """Archive the file in the state `seen`; a file that replaced it meanwhile is not changed."""
    if is_archived or archive.stat(target) is not None:
        if not is_archived:
            refuse_damaged(archive, target, sha256)
    elif after_load == "delete":
        with archive.writer(target + NOT_KEPT_SUFFIX) as mark:
            mark.write(b"\n" if _has_empty_digest(target) else b"")
    elif not seen.etag and not seen.same_state(landing.stat(seen.path)):
        return False
    elif after_load == "archive" and rename_if_same_disk(landing, seen.path, archive, target):
        return True
    elif not copy_file(landing, seen, archive, target, sha256):
        return False
    return after_load == "keep" or _remove_landed(landing, seen) or not is_archived


def refuse_damaged(archive: Store, target: str, sha256: str) -> None:
    """Raise VsfError if a file in the archive has not the ledger's digest; it is never overwritten."""
    if sha256_of(archive, target) != sha256:
        raise VsfError(
            f"{target} in the archive is damaged: its SHA-256 is not the ledger's; move it away and run again"
        )


def _remove_landed(landing: Store, seen: Entry) -> bool:
    """Remove an archived file from the landing zone; return False if another file replaced it meanwhile."""
    now = landing.stat(seen.path)
    if seen.same_state(now):
        landing.remove(seen.path, seen.etag)
    return now is None or seen.same_state(now)


def keep_time(archive: FolderStore, path: str, at: datetime) -> None:
    """Set an original's modified time to that of the delivered file; another time then shows a later write."""
    nanoseconds = (at - EPOCH) // timedelta(microseconds=1) * 1000
    os.utime(archive.root / path, ns=(nanoseconds, nanoseconds))
