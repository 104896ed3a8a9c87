"""Opens the original of a delivered file in the archive.

Here: the store, and the encoding of its source. Not here: what is read in it (reports/bad_rows.py).
"""

import os
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.portal.receipts.ledger_entry import LedgerEntry
from vsf_assets.portal.shared.request_errors import StoreAwayError
from vsf_assets.reports.bad_rows import Original
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.s3_client import is_address


def original_of(settings: Settings, entry: LedgerEntry) -> Original:
    """Return the original of a file; opening it raises StoreAwayError if the archive is a folder and not there."""
    declaration = entry.declaration
    encoding = "utf-8"
    if declaration.has_source_encoding:
        encoding = settings.encodings.get(entry.partition_key or "", encoding)

    def opened():  # type: ignore[no-untyped-def]
        if not entry.archive_path:
            raise FileNotFoundError
        try:
            return open_store(settings.archive).open(entry.archive_path)
        except FileNotFoundError:
            if not is_address(settings.archive) and _is_empty(Path(settings.archive)):
                raise StoreAwayError("the archive is empty or missing; is it mounted?") from None
            raise

    return Original(declaration, entry.file_name, entry.sha256, encoding, opened)


def _is_empty(folder: Path) -> bool:
    """Whether a folder is missing or holds nothing, as the place of a disk that is not mounted."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
