"""What became of landed deliveries, as the snapshot has it: for lists, all of a page in one query.

Here: the outcome of each file that is in the snapshot. Not here: the receipt of one delivery, with its lines and
findings.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.snapshots.pool import OpenSnapshot


@dataclass(frozen=True)
class Outcome:
    """The status of a file in the ledger (`loaded`, `duplicate_file`, `unreadable`), and its first snapshot."""

    status: str
    first_snapshot: int | None


def outcomes_of(snapshot: OpenSnapshot, deliveries: Sequence[Delivery]) -> dict[uuid.UUID, Outcome]:
    """Return the outcomes of those deliveries that the snapshot knows."""
    landed = {_key(each.feed, each.path, each.sha256, each.landed_at): each.id for each in deliveries if each.landed_at}
    if not landed:
        return {}
    rows = snapshot.query(
        "select feed, file_name, sha256, landed_at, status, first_snapshot from reports.files"
        " where sha256 in (select unnest($digests))",
        {"digests": sorted({sha256 for _, _, sha256, _ in landed})},
    ).rows
    found = {}
    for feed, name, sha256, landed_at, status, first_snapshot in rows:
        delivery = landed.get(_key(feed, name, sha256, landed_at))
        if delivery is not None:
            found[delivery] = Outcome(status, first_snapshot)
    return found


def _key(feed: str, path: str, sha256: str, landed_at: Any) -> tuple[str, str, str, datetime]:
    """Return what a delivery and a row of the ledger have in common; stores of objects know whole seconds only."""
    moment = landed_at.astimezone(UTC) if landed_at.tzinfo else landed_at
    return feed, path.rpartition("/")[2], sha256, moment.replace(tzinfo=None, microsecond=0)
