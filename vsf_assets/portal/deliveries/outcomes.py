"""What became of landed deliveries, as the snapshot has it: for lists, all of a page in one query.

Here: the outcome of each file that is in the snapshot. Not here: the receipt of one delivery, with its lines and
findings.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.shared.landing_times import nearest
from vsf_assets.snapshots.pool import OpenSnapshot


@dataclass(frozen=True)
class Outcome:
    """The status of a file in the ledger (`loaded`, `duplicate_file`, `unreadable`), and its first snapshot."""

    status: str
    first_snapshot: int | None


def outcomes_of(snapshot: OpenSnapshot, deliveries: Sequence[Delivery]) -> dict[uuid.UUID, Outcome]:
    """Return the outcomes of those deliveries that the snapshot knows."""
    landed = [each for each in deliveries if each.landed_at]
    if not landed:
        return {}
    rows = snapshot.query(
        "select feed, file_name, sha256, landed_at, status, first_snapshot from reports.files"
        " where sha256 in (select unnest($digests))",
        {"digests": sorted({str(each.sha256) for each in landed})},
    ).rows
    files: dict[tuple[str, str, str], list[Any]] = {}
    for feed, name, sha256, *row in rows:
        files.setdefault((feed, name, sha256), []).append(row)
    found = {}
    for each in landed:
        same = files.get((each.feed, each.path.rpartition("/")[2], each.sha256), [])
        stored = nearest(same, each.landed_at, lambda row: row[0])
        if stored is not None:
            found[each.id] = Outcome(stored[1], stored[2])
    return found
