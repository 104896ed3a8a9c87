"""Names of files of mended rows: the next free one, and the files of a ledger that have such names.

Here: looking for names in the landing zone, the portal's uploads and the snapshot. Not here: their form
(reports/bad_rows.py).
"""

import logging
from pathlib import PurePosixPath

from vsf_assets.config.settings import Settings
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.receipts.ledger_entry import LedgerEntry, entries_after
from vsf_assets.reports.bad_rows import is_additive, name_of_mend, names_of_mends, number_of_mend
from vsf_assets.snapshots.pool import OpenSnapshot
from vsf_assets.storage.base import Store
from vsf_assets.storage.factory import open_store

MOST_TRIED = 100

_log = logging.getLogger("vsf.portal.receipts")


def mends_by_name(snapshot: OpenSnapshot, entry: LedgerEntry) -> list[LedgerEntry]:
    """Return the later files of the same partition whose names say that they mend a file, by whatever way they came."""
    if not (entry.rows_quarantined and is_additive(entry.declaration)):
        return []
    return entries_after(snapshot, entry, names_of_mends(entry.declaration, entry.file_name, entry.landed_at.date()))


def next_mend_name(settings: Settings, snapshot: OpenSnapshot, entry: LedgerEntry) -> str:
    """Return a name for a file of mended rows that no file of the partition has.

    While the landing zone is away, files that wait in it are not looked at; a taken name is refused when it is sent.
    """
    feed, day = entry.declaration, entry.landed_at.date()
    taken = {found.file_name for found in mends_by_name(snapshot, entry)}
    sent = Delivery.objects.filter(feed=entry.feed, partition=entry.partition_key or "", path__contains="_mend")
    taken |= {PurePosixPath(path).name for path in sent.values_list("path", flat=True)}
    landing = open_store(settings.landing)
    first = number_of_mend(entry.file_name) + 1
    for number in range(first, first + MOST_TRIED):
        name = name_of_mend(feed, entry.file_name, day, number)
        path = "/".join(part for part in (entry.feed, entry.partition_key, name) if part)
        if name not in taken and not _waits(landing, path):
            return name
    return name_of_mend(feed, entry.file_name, day, first + MOST_TRIED)


def _waits(landing: Store, path: str) -> bool:
    try:
        return landing.stat(path) is not None
    except OSError as error:
        _log.warning("the landing zone is away; a free name is chosen without it", exc_info=error)
        return False
