"""Opens the original of a delivered file in the archive.

Here: the store, and the encoding of its source. Not here: what is read in it (reports/bad_rows.py).
"""

from vsf_assets.config.settings import Settings
from vsf_assets.portal.receipts.ledger_entry import LedgerEntry
from vsf_assets.reports.bad_rows import Original
from vsf_assets.storage.factory import open_store


def original_of(settings: Settings, entry: LedgerEntry) -> Original:
    """Return the original of a file."""
    declaration = entry.declaration
    encoding = "utf-8"
    if declaration.has_source_encoding:
        encoding = settings.encodings.get(entry.partition_key or "", encoding)

    def opened():  # type: ignore[no-untyped-def]
        if not entry.archive_path:
            raise FileNotFoundError
        return open_store(settings.archive).open(entry.archive_path)

    return Original(declaration, entry.file_name, entry.sha256, encoding, opened)
