"""Moves stored deliveries from the landing zone to the archive.

Here: which file goes where after it is loaded, many at once where a store is far away. Not here: moving
one so that a crash does no harm (archive/originals.py).
"""

from typing import TYPE_CHECKING

from vsf_assets.archive.originals import file_away
from vsf_assets.archive.verified_etags import note
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.continued_files import note_opened_again
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
    "it is loaded, and somebody has opened it for writing again; it is removed from the landing zone once it is closed,"
    " and read again if it changed"
)


def file_originals(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: "IngestReport", *, hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """File stored deliveries away; what cannot be is told and holds nothing else back.

    Args:
        landed: store, entry and ledger row of each.
        settings: where the archive is, and what becomes of loaded files.
        report: gets what failed.
        hashed: whether this run read and hashed the files in the state of their entries.

    Raises:
        FullDiskError: the archive has no room; what is stored is filed away by the next run.

    Returns:
        Those that are not what the ledger knows; they are left where they are.
    """
    # The newest file of an upload tells when all of it has landed, so it goes last: what a crash leaves is known.
    older = [item for item in landed if item[1].modified != item[2].landed_at]
    newest = [item for item in landed if item[1].modified == item[2].landed_at]
    return [mismatched for files in (older, newest) for mismatched in _file_some(files, settings, report, hashed)]


def _file_some(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: "IngestReport", hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """File some away, as many at once as it is worth."""
    if not landed:
        return []
    from concurrent.futures import ThreadPoolExecutor

    archive = open_store(settings.archive)

    def file_one(item: tuple[Store, Entry, "FileRow"]) -> bool | None:
        store, entry, row = item
        try:
            with room_for(f"the original {entry.name}", settings.archive, entry.size):
                return _file_one(store, entry, row, archive, settings, report, hashed)
        except FullDiskError:
            raise  # the others would find it full, too; the next run files them away
        except VsfError as error:
            report.failed.append((entry.path, str(error)))
            return None
        except OSError as error:
            # A full disk, or an archive that is gone, concerns every file.
            if not is_about_one_file(error) and not isinstance(error, ObjectStoreError):
                raise
            report.cannot_use(entry.path, error, "filed away", not _is_of(error, store, entry))
            return None

    workers = max([archive.workers, *(store.workers for store, _, _ in landed)])
    if workers == 1:
        are_filed = [file_one(item) for item in landed]
    else:
        with ThreadPoolExecutor(workers) as pool:
            are_filed = list(pool.map(file_one, landed))
    note({entry.path: entry.etag for (_, entry, _), done in zip(landed, are_filed, strict=True) if done}, settings)
    return [(entry, row) for (_, entry, row), done in zip(landed, are_filed, strict=True) if done is False]


def _file_one(
    store: Store, entry: Entry, row: "FileRow", archive: Store, settings: Settings, report: "IngestReport", hashed: bool
) -> bool | None:
    """File one away; return whether it was the one that the ledger knows, None where it stays for now."""
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
        done = file_away(*words, is_archived)
    if moves:
        put_in_place(archive, row.archive_path, row.sha256)
    return done


def _is_of(error: OSError, store: Store, entry: Entry) -> bool:
    """Whether an error concerns a file where it landed, and not its place in the archive."""
    if store.is_private:
        return False
    place = store.local_path(entry.path)
    if place is None:
        return f"/{entry.path} at " in str(error)  # an address as it stands in messages of the object store
    return str(error.filename) in (str(place), f"{place}{DONE_SUFFIX}")
