"""Remembers which files that stay in the landing zone (VSF_AFTER_LOAD=keep) are verified.

Here: the note of the states in which kept objects were compared with the ledger. Not here: the
comparison (originals.py). An object store tells times in whole seconds, so that another file of the
same size may look like the loaded one; its ETag tells. A lost note costs one more look.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vsf_assets.config.settings import Settings
from vsf_assets.landing.pending import Landed
from vsf_assets.storage.base import Store, probably_present
from vsf_assets.storage.cache_files import read_note, write_note
from vsf_assets.warehouse.ledger import LedgerKey

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow

NOTE = "kept-objects"


def files_to_archive(
    known: list[Landed], rows: Mapping[LedgerKey, "FileRow"], archive: Store, settings: Settings
) -> list[Landed]:
    """Return which files of the landing zone that look loaded have to be filed away, or compared first."""
    if settings.after_load != "keep":
        return known
    mismatched = {id(item) for item in unverified(known, settings)}
    there = probably_present(archive, {rows[item.key].archive_path for item in known})
    return [item for item in known if id(item) in mismatched or rows[item.key].archive_path not in there]


def unverified(known: Iterable[Landed], settings: Settings) -> list[Landed]:
    """Return the objects that were not compared with the ledger in the state they are in."""
    objects = [item for item in known if item.entry.etag]
    noted = _noted(settings) if objects else {}
    return [item for item in objects if noted.get(item.entry.path) != item.entry.etag]


def note(states: Mapping[str, str], settings: Settings) -> None:
    """Note path -> ETag of kept objects that are the ones the ledger knows."""
    if settings.after_load != "keep" or not any(states.values()):
        return
    noted = {**_noted(settings), **{path: etag for path, etag in states.items() if etag}}
    write_note(settings, NOTE, {"landing": settings.landing, "etags": noted})


def _noted(settings: Settings) -> dict[str, str]:
    kept = read_note(settings, NOTE)
    etags = kept.get("etags")
    return dict(etags) if kept.get("landing") == settings.landing and isinstance(etags, dict) else {}
