"""Stored deliveries on their way to the archive.

Here: which file goes where after it is loaded, many at once where a store is far away. Not here: moving
one so that a crash does no harm (archive.py).
"""

from typing import TYPE_CHECKING

from vsf_assets.errors import VsfError
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.datasets import CHANGES
from vsf_assets.ingest.archive import file_away
from vsf_assets.ingest.kept import note
from vsf_assets.ingest.names import DONE_SUFFIX
from vsf_assets.ingest.store import Entry, Store, is_about_one_file, open_store
from vsf_assets.objects import ObjectStoreError
from vsf_assets.settings import Settings

if TYPE_CHECKING:
    from vsf_assets.ingest.batches import IngestReport
    from vsf_assets.warehouse.ledger import FileRow


def file_originals(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: "IngestReport", *, hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """File stored deliveries away; what cannot be is told and holds nothing else back.

    Args:
        landed: store, entry and ledger row of each.
        settings: where the archive is, and what becomes of loaded files.
        report: gets what failed.
        hashed: whether this run read and hashed the files in the state of their entries.

    Returns:
        Those that are not what the ledger knows; they are left where they are.
    """
    # The newest file of an upload tells when all of it has landed, so it goes last: what a crash leaves is known.
    older = [item for item in landed if item[1].modified != item[2].landed_at]
    newest = [item for item in landed if item[1].modified == item[2].landed_at]
    return [unlike for files in (older, newest) for unlike in _file_some(files, settings, report, hashed)]


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
        seen, after_load = entry if hashed else None, after_load_of(settings, row.feed)
        try:
            return file_away(store, entry.path, archive, row.archive_path, row.sha256, after_load, seen)
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


def _is_of(error: OSError, store: Store, entry: Entry) -> bool:
    """Whether an error concerns a file where it landed, and not its place in the archive."""
    if store.is_private:
        return False
    place = store.local_path(entry.path)
    if place is None:
        return f"/{entry.path} at " in str(error)  # an address as it stands in messages of the object store
    return str(error.filename) in (str(place), f"{place}{DONE_SUFFIX}")


def after_load_of(settings: Settings, feed: str) -> str:
    """Return what becomes of a loaded file; what the platform fetched or wrote always goes to the archive."""
    is_own = feed == CHANGES or (feed in all_feeds() and all_feeds()[feed].is_fetched)
    return "archive" if is_own else settings.after_load
