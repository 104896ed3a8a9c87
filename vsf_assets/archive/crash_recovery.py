"""Recovers files of a stored upload that a crash left in the landing zone.

Here: bringing such originals into the archive. Not here: files whose upload is still as the ledger knows it; those
are filed away like any other (ingest/session.py). An upload's time is that of its newest file. So when a crash comes
between its transaction and the archive, and a file then changes, what was left looks new: it is part of the next
upload, and the original of the last one too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vsf_assets.archive.originals import file_away
from vsf_assets.common.errors import VsfError
from vsf_assets.landing.pending import Landed
from vsf_assets.storage.base import Store

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow


def keep_leftovers(
    new: Iterable[Landed], ledger: Iterable["FileRow"], landing: Store, archive: Store
) -> dict[tuple[str, str | None], tuple[str, str]]:
    """Copy files of uploads into the archive that an earlier upload stored and could not file away.

    Args:
        new: files that the ledger does not know as they lie there.
        ledger: what was stored.
        landing: where the files lie; they stay, since they belong to the next upload too.
        archive: gets those whose content is what was stored, and whose original is not there.

    Returns:
        (feed, partition) -> (path, why) of uploads whose leftover could not be kept: their files are to stay where
        they are, else that original would be lost.
    """
    problems: dict[tuple[str, str | None], tuple[str, str]] = {}
    candidates = {(i.feed.name, i.partition, i.entry.name, i.entry.size): i.entry for i in new if i.feed.members}
    for row in ledger if candidates else ():
        entry = candidates.get((row.feed, row.partition_key, row.file_name, row.bytes))
        if entry is None or entry.modified > row.landed_at:
            continue
        try:
            if archive.stat(row.archive_path) is None:
                file_away(landing, entry.path, archive, row.archive_path, row.sha256, "keep")
        except (OSError, VsfError) as error:
            why = f"the original of an earlier upload cannot be kept as {row.archive_path}: {error}"
            problems[row.feed, row.partition_key] = (entry.path, why)
    return problems
