"""Records which objects that stay in the landing zone (VSF_AFTER_LOAD=keep) are verified.

Here: the note of the ETags of objects that were compared with the ledger. Not here: the comparison (archive_file.py).
An object store has modified times in whole seconds, so another object of the same size may have the time of the loaded
one; its ETag differs. If the note is lost, the objects are compared once more.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vsf_assets.config.settings import Settings
from vsf_assets.landing.pending import Landed
from vsf_assets.storage.base import Store, probably_present
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.warehouse.ledger import LedgerKey

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow

NOTE = "kept-objects"


def files_to_archive(
    known: list[Landed], rows: Mapping[LedgerKey, "FileRow"], archive: Store, settings: Settings
) -> list[Landed]:
    """Return the files of the landing zone that are in the ledger and must still be archived, or compared first."""
    if settings.after_load != "keep":
        return known
    unverified_ids = {id(item) for item in unverified(known, settings)}
    there = probably_present(archive, {rows[item.key].archive_path for item in known})
    return [item for item in known if id(item) in unverified_ids or rows[item.key].archive_path not in there]


def unverified(known: Iterable[Landed], settings: Settings) -> list[Landed]:
    """Return the objects that were not yet compared with the ledger in their present state."""
    objects = [item for item in known if item.entry.etag]
    noted = _noted(settings) if objects else {}
    return [item for item in objects if noted.get(item.entry.path) != item.entry.etag]


def note(states: Mapping[str, str], settings: Settings) -> None:
    """Record path -> ETag of kept objects that equal those of the ledger."""
    if settings.after_load != "keep" or not any(states.values()):
        return
    noted = {**_noted(settings), **{path: etag for path, etag in states.items() if etag}}
    write_note(settings, NOTE, {"landing": settings.landing, "etags": noted})


def _noted(settings: Settings) -> dict[str, str]:
    stored = read_note(settings, NOTE)
    etags = stored.get("etags")
    return dict(etags) if stored.get("landing") == settings.landing and isinstance(etags, dict) else {}
