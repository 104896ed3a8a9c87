"""Recovers files of a stored upload that a crash left in the landing zone.

Here: copying such originals into the archive. Not here: files whose upload is unchanged since its transaction; those
are archived like any other (ingest/session.py). The time of an upload is that of its newest file. If a run dies
between the transaction and the archiving, and then one file of the upload changes, the other files look new: they
belong to the next upload, and they are the originals of the earlier one too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vsf_assets.archive.archive_file import archive_file
from vsf_assets.common.errors import VsfError
from vsf_assets.landing.pending import Landed
from vsf_assets.storage.base import Store

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow


def keep_leftovers(
    new: Iterable[Landed], ledger: Iterable["FileRow"], landing: Store, archive: Store
) -> dict[tuple[str, str | None], tuple[str, str]]:
    """Copy files of an upload into the archive that an earlier upload stored and did not archive.

    Args:
        new: files that are not in the ledger in their present state.
        ledger: its rows.
        landing: the store with the files; they stay, since they belong to the next upload too.
        archive: receives the files whose content was stored and whose original is missing.

    Returns:
        (feed, partition) -> (path, why) of uploads whose file could not be copied. Their files must stay in the
        landing zone, else that original would be lost.
    """
    problems: dict[tuple[str, str | None], tuple[str, str]] = {}
    candidates = {(i.feed.name, i.partition, i.entry.name, i.entry.size): i.entry for i in new if i.feed.members}
    for row in ledger if candidates else ():
        entry = candidates.get((row.feed, row.partition_key, row.file_name, row.bytes))
        if entry is None or entry.modified > row.landed_at:
            continue
        try:
            if archive.stat(row.archive_path) is None:
                archive_file(landing, entry.path, archive, row.archive_path, row.sha256, "keep")
        except (OSError, VsfError) as error:
            why = f"the original of an earlier upload cannot be kept as {row.archive_path}: {error}"
            problems[row.feed, row.partition_key] = (entry.path, why)
    return problems
