"""Moves stored deliveries from the landing zone to the archive.

Here: the move of many files, in parallel for object stores. Not here: the crash-safe move of one file
(archive/archive_file.py).
"""

from typing import TYPE_CHECKING

from vsf_assets.archive.archive_file import archive_file
from vsf_assets.archive.kept_in_landing import note
from vsf_assets.common.errors import VsfError
from vsf_assets.common.prefetch import map_in_order
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.appended_files import note_opened_again
from vsf_assets.ingest.safe_copies import after_load_of, is_same_disk, put_in_place
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.full_disk import FullDiskError, room_for
from vsf_assets.storage.ignored_names import DONE_SUFFIX
from vsf_assets.storage.open_writers import is_written
from vsf_assets.storage.s3_client import ObjectStoreError

if TYPE_CHECKING:
    from vsf_assets.ingest.ingest_report import IngestReport
    from vsf_assets.warehouse.ledger import FileRow


OPENED_AGAIN = (
    "it is loaded, and a process has opened it for writing again; it is removed from the landing zone once it is"
    " closed, and read again if it changed"
)


def file_originals(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: "IngestReport", *, hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """Archive stored deliveries; a file that cannot be moved is reported and stops no other.

    Args:
        landed: store, entry and ledger row of each file.
        settings: the address of the archive, and VSF_AFTER_LOAD.
        report: receives failures.
        hashed: whether this run hashed the files in the state of their entries.

    Raises:
        FullDiskError: the archive has no room; the next run archives the stored files.

    Returns:
        Files whose content is not the one in the ledger; they stay where they are.
    """
    # The newest file of an upload defines landed_at, so it moves last: after a crash the rest is still recognized.
    older = [item for item in landed if item[1].modified != item[2].landed_at]
    newest = [item for item in landed if item[1].modified == item[2].landed_at]
    return [mismatched for files in (older, newest) for mismatched in _file_some(files, settings, report, hashed)]


def _file_some(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: "IngestReport", hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """Archive some files, in parallel where the store is remote."""
    if not landed:
        return []
    archive = open_store(settings.archive)

    def file_one(item: tuple[Store, Entry, "FileRow"]) -> bool | None:
        store, entry, row = item
        try:
            with room_for(f"the original {entry.name}", settings.archive, entry.size):
                return _file_one(store, entry, row, archive, settings, report, hashed)
        except FullDiskError:
            raise  # the others would meet the full disk too; the next run archives them
        except VsfError as error:
            report.failed.append((entry.path, str(error)))
            return None
        except OSError as error:
            # A full disk, or a missing archive, concerns every file.
            if not is_about_one_file(error) and not isinstance(error, ObjectStoreError):
                raise
            report.cannot_use(entry.path, error, "filed away", not _is_of(error, store, entry))
            return None

    workers = max([archive.workers, *(store.workers for store, _, _ in landed)])
    are_filed = map_in_order(file_one, landed, workers)
    note({entry.path: entry.etag for (_, entry, _), done in zip(landed, are_filed, strict=True) if done}, settings)
    return [(entry, row) for (_, entry, row), done in zip(landed, are_filed, strict=True) if done is False]


def _file_one(
    store: Store, entry: Entry, row: "FileRow", archive: Store, settings: Settings, report: "IngestReport", hashed: bool
) -> bool | None:
    """Archive one file; return whether its content is the one in the ledger, None if it stays for now."""
    after_load, seen = after_load_of(settings, row.feed), entry if hashed else None
    is_safe = hashed and not store.is_private and after_load != "delete"
    moves = is_safe and after_load == "archive" and is_same_disk(store, archive)
    is_archived = is_safe and not moves and put_in_place(archive, row.archive_path)
    done: bool | None = None
    if not store.is_private and after_load != "keep" and is_written(store, entry):
        report.left.append((entry.path, OPENED_AGAIN))
        note_opened_again(entry.path, row, settings)
    else:
        words = (store, entry.path, archive, row.archive_path, row.sha256, after_load, seen)
        done = archive_file(*words, is_archived)
    if moves:
        put_in_place(archive, row.archive_path, row.sha256)
    return done


def _is_of(error: OSError, store: Store, entry: Entry) -> bool:
    """Whether an error concerns the landed file, not its place in the archive."""
    if store.is_private:
        return False
    place = store.local_path(entry.path)
    if place is None:
        return f"/{entry.path} at " in str(error)  # an address as in messages of the object store
    return str(error.filename) in (str(place), f"{place}{DONE_SUFFIX}")
