"""What was found wrong lately, and which days have an unusual volume, of the feeds that an account may read.

Here: the two lists of Home and Status, with links to the rows. Not here: the rows themselves (data/).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.snapshots.pool import OpenSnapshot

DAYS = 7
"""Days of landing that count as lately."""

MOST_KINDS, MOST_DAYS = 4, 8
"""Kinds of findings of a feed, and days of unusual volume, that are shown."""

_ANOMALIES, _VOLUME = "reports.anomalies", "reports.volume_anomalies"
_FINDINGS_SQL = """
    select feed, anomaly, sum(records + unlisted_records)::bigint as records from {seen}
    where landed_at >= $since group by all order by feed, records desc, anomaly
"""
_VOLUME_SQL = """
    select feed, partition_key, observed, expected from reports.volume_anomalies
    where list_contains($feeds, feed) order by processing_date desc, feed limit $most
"""


@dataclass(frozen=True)
class FeedFindings:
    """Findings of a feed: their number, the address of their rows, and (kind, number, address) of the most frequent."""

    feed: str
    records: int
    address: str
    kinds: list[tuple[str, int, str]]


@dataclass(frozen=True)
class UnusualDay:
    """A partition whose volume departs from its history, with the address of its row."""

    feed: str
    partition: str
    observed: int
    expected: float
    address: str

    @property
    def change(self) -> str:
        """How far it departs, in words."""
        if not self.expected:
            return "nothing was expected"
        share = round(100 * (self.observed / self.expected - 1))
        return f"{abs(share)} % {'more' if share > 0 else 'less'} than usual"


def recent_findings(snapshot: OpenSnapshot, access: Access, today: date) -> list[FeedFindings]:
    """Return the findings of files that landed lately, of each feed with any; the feed with most comes first."""
    table = catalog_of(snapshot).get(_ANOMALIES)
    if table is None or not access.may_read(table):
        return []
    since = today - timedelta(days=DAYS)
    seen, values = seen_source(snapshot, table, access)
    values["since"] = since
    by_feed: dict[str, list[tuple[str, int]]] = {}
    for feed, kind, records in snapshot.kept(_FINDINGS_SQL.format(seen=seen), values, largest=1000).rows:
        by_feed.setdefault(feed, []).append((kind, records))
    found = [
        FeedFindings(
            feed,
            sum(records for _, records in kinds),
            _address(_ANOMALIES, feed=feed, landed_at__min=str(since)),
            [
                (kind, records, _address(_ANOMALIES, feed=feed, anomaly=kind, landed_at__min=str(since)))
                for kind, records in kinds[:MOST_KINDS]
            ],
        )
        for feed, kinds in by_feed.items()
    ]
    return sorted(found, key=lambda one: (-one.records, one.feed))


def unusual_days(snapshot: OpenSnapshot, access: Access) -> list[UnusualDay]:
    """Return the newest days of unusual volume."""
    if not _may_read(snapshot, access, _VOLUME):
        return []
    values: dict[str, Any] = {"feeds": sorted(access.feeds), "most": MOST_DAYS}
    return [
        UnusualDay(feed, key, observed, expected, _address(_VOLUME, feed=feed, partition_key=key))
        for feed, key, observed, expected in snapshot.kept(_VOLUME_SQL, values).rows
    ]


def _may_read(snapshot: OpenSnapshot, access: Access, name: str) -> bool:
    table = catalog_of(snapshot).get(name)
    return table is not None and access.may_read(table)


def _address(name: str, **filters: str) -> str:
    return f"/data/{name.replace('.', '/')}/?{urlencode(filters)}"
