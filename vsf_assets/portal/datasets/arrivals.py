"""What became of an upload of a dataset: from its bytes to the version of the snapshot that it is.

Here: the states, and the version. Not here: what became of a single file (the receipt of its delivery).
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.datasets.file_kinds import FEED
from vsf_assets.portal.datasets.ownership import DatasetAccess
from vsf_assets.portal.datasets.versions import DatasetVersion, versions_of
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.visible import visible_deliveries
from vsf_assets.portal.shared.landing_times import CLOCKS_DIFFER, in_utc, nearest
from vsf_assets.portal.status.home_state import home_state
from vsf_assets.snapshots.pool import OpenSnapshot

SENDING, LANDED, LOADED, REFUSED, GONE = "sending", "landed", "loaded", "refused", "gone"
"""Bytes are awaited; the files are in the landing zone or were taken from it; they are in the snapshot; they were
refused; they were loaded, but the dataset was deleted since."""

_FILES = """
    select loaded.file_name, loaded.landed_at, files.partition_key, files.first_snapshot, files.published_at
    from raw.files as loaded
    left join reports.files as files using (feed, file_name, sha256, landed_at)
    where loaded.feed = $feed and loaded.partition_key = $name and list_contains($digests::varchar[], loaded.sha256)
        and loaded.landed_at between $earliest and $latest
"""
"""The files as they were loaded, and under the name that the dataset has since; without one if it was deleted."""


@dataclass(frozen=True)
class Arrival:
    """An upload of a dataset.

    Attributes:
        group: its id.
        name: name of the dataset when it was sent.
        state: SENDING, LANDED, LOADED, REFUSED or GONE.
        deliveries: its three files.
        why: why it was refused, or why it is not loaded yet.
        version: the version that it is; the one that it repeats, where the same files were delivered before.
        is_repeat: whether the same files were delivered right before.
        first_snapshot: number of the snapshot that first had it.
        seconds: from landing to that snapshot.
    """

    group: uuid.UUID
    name: str
    state: str
    deliveries: list[Delivery] = field(default_factory=list)
    why: str = ""
    version: DatasetVersion | None = None
    is_repeat: bool = False
    first_snapshot: int | None = None
    seconds: float | None = None


def find_arrival(rights: AccountRights, group: uuid.UUID, snapshot: OpenSnapshot | None) -> Arrival | None:
    """Return an upload; None if there is none, or it may not be seen: both look the same."""
    deliveries = list(visible_deliveries(rights).filter(group=group, feed=FEED).order_by("path"))
    if not deliveries:
        return None
    name = deliveries[0].partition
    ended = next((d for d in deliveries if d.state not in (Delivery.SENDING, Delivery.LANDED)), None)
    if ended is not None:
        return Arrival(group, name, REFUSED, deliveries, why=ended.reason)
    if any(delivery.state == Delivery.SENDING for delivery in deliveries):
        return Arrival(group, name, SENDING, deliveries)
    landed_at = max(delivery.landed_at for delivery in deliveries)
    rows = _in_snapshot(deliveries, landed_at, snapshot) if snapshot else []
    if not rows or snapshot is None:
        return Arrival(group, name, LANDED, deliveries, why=_why_waiting(landed_at))
    _, ledger_time, dataset, first_snapshot, published_at = max(rows, key=lambda row: row[1])
    earlier = [v for v in versions_of(snapshot, dataset) if v.uploaded_at <= ledger_time] if dataset else []
    if not earlier:
        return Arrival(group, name, GONE, deliveries)
    seconds = (published_at - ledger_time).total_seconds() if published_at else None
    is_repeat = earlier[0].uploaded_at != ledger_time
    return Arrival(group, name, LOADED, deliveries, "", earlier[0], is_repeat, first_snapshot, seconds)


def readable_version(arrival: Arrival, access: DatasetAccess) -> DatasetVersion | None:
    """Return the version that an upload became, if who asks may read its dataset.

    A team may deliver, and not read, or the dataset came to another team by its new name.
    """
    version = arrival.version if arrival.state == LOADED else None
    return version if version is not None and access.may_read(version.dataset) else None


def _in_snapshot(
    deliveries: list[Delivery], landed_at: datetime, snapshot: OpenSnapshot
) -> list[tuple[str, datetime, str | None, int | None, datetime | None]]:
    """Return the rows of an upload in the snapshot; none unless it has all of its files."""
    at = in_utc(landed_at)
    values = {
        "feed": FEED,
        "name": deliveries[0].partition,
        "digests": [delivery.sha256 for delivery in deliveries],
        "earliest": at - CLOCKS_DIFFER,
        "latest": at + CLOCKS_DIFFER,
    }
    of_file: dict[str, list[Any]] = {}
    for row in snapshot.query(_FILES, values).rows:
        of_file.setdefault(row[0], []).append(row)
    rows = [nearest(same, landed_at, lambda row: row[1]) for same in of_file.values()]
    return [row for row in rows if row is not None] if len(rows) == len(deliveries) else []


def _why_waiting(landed_at: datetime) -> str:
    return home_state(settings.VSF).why_landed(FEED, landed_at, timedelta(0), with_errors=False)
