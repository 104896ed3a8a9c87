"""What a snapshot shows: unreadable deliveries, deliveries worse than usual, missing days, volumes out of band.

Here: the rules, as SQL on `reports.files` and `reports.volume_anomalies`, and the gaps between days. Not here: which
findings are news and who receives them (record_events.py).

**Worse than usual.** The share of a delivery is its held back rows by its rows read. Usual is the median share of the
feed's loaded deliveries before it, the newest COMPARED of them. A spread is the largest of three numbers: 1.4826 times
their median absolute deviation, which is comparable with a standard deviation; half a percentage point, so that a
feed without any bad row may have a few; and the noise of counting, sqrt(p × (1 − p) / rows) with p = usual, but at
least one row. A delivery is worse than usual if its share is SPREADS spreads above usual, or if no row of it is left
and usual is less than half. The first delivery of a feed is compared with the share from which the calendar counts a
day as bad.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.partitioning import Days, Quarters
from vsf_assets.portal.notices.kinds import MISSING, UNREADABLE, VOLUME, WORSE
from vsf_assets.snapshots.pool import OpenSnapshot

COMPARED, SPREADS, LEAST_SPREAD = 30, 3.0, 0.005
FIRST_SHARE = 0.05
"""Share from which the first delivery of a feed counts as bad."""

LONGEST_GAP = 31
"""Days; a longer gap is a pause of the feed, and no day of it is missing."""

SECONDS = 60.0
"""Time limit of a query; nobody waits for it."""


@dataclass(frozen=True)
class Finding:
    """Something that is so, or was.

    Attributes:
        key: the same whenever it is found again.
        kind: of the notice.
        happened_at: when it became known, UTC; None if that is not known, as before the platform recorded it.
        feed, partition: what it concerns; a partition only if it is a day or a number.
        first_day, last_day: missing days.
        sha256: content of the file.
        landed_at: when the file landed, UTC.
        snapshot: the number of the snapshot that shows it.
        details: numbers and names of checks.
        is_over: whether it is no more so.
        over_at: since when, where that is known.
    """

    key: str
    kind: str
    happened_at: datetime | None
    feed: str = ""
    partition: str = ""
    first_day: date | None = None
    last_day: date | None = None
    sha256: str = ""
    landed_at: datetime | None = None
    snapshot: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    is_over: bool = False
    over_at: datetime | None = None


_DELIVERIES = f"""
    with files as (
        select feed, partition_key, file_name, sha256, status, landed_at, published_at, lines_read, rows_quarantined
        from reports.files where list_contains($feeds, feed)
    ),
    shares as (
        select *, rows_quarantined / lines_read as share from files where status = 'loaded' and lines_read > 0
    ),
    compared as (
        select *, median(share) over earlier as median_share, mad(share) over earlier as deviation
        from shares
        window earlier as (
            partition by feed order by landed_at, file_name, sha256 rows between {COMPARED} preceding and 1 preceding
        )
    ),
    scored as (
        select *, coalesce(median_share, {FIRST_SHARE}) as usual,
            greatest(coalesce(median_share, 0), 1 / lines_read) as noise_share
        from compared
    ),
    rated as (
        select *, case
            when median_share is null then share > usual
            when rows_quarantined = lines_read and usual < 0.5 then true
            else share - usual >= {SPREADS} * greatest(
                1.4826 * deviation, {LEAST_SPREAD}, sqrt(noise_share * (1 - noise_share) / lines_read)
            ) and share > usual
            end as is_worse
        from scored
    ),
    verdicts as (
        select '{WORSE}' as kind, feed, partition_key, file_name, sha256, landed_at, published_at, lines_read,
            rows_quarantined, share, usual
        from rated where is_worse
        union all
        select '{UNREADABLE}', feed, partition_key, file_name, sha256, landed_at, published_at, null, null, null, null
        from files where status = 'unreadable'
    )
    select verdicts.*, exists (
        select 1 from files as later left join rated on
            rated.feed = later.feed and rated.sha256 = later.sha256 and rated.landed_at = later.landed_at
            and rated.file_name = later.file_name
        where later.feed = verdicts.feed and later.file_name = verdicts.file_name
            and later.partition_key is not distinct from verdicts.partition_key
            and later.status = 'loaded' and later.landed_at > verdicts.landed_at
            and not coalesce(rated.is_worse, false)
    ) as is_mended
    from verdicts
    where published_at >= $since or (published_at is null and $with_unknown)
"""  # noqa: S608 - made of constants of ours

_VOLUMES = """
    select anomalies.feed, anomalies.partition_key, anomalies.expected, anomalies.observed, anomalies.score,
        max(files.published_at) as published_at
    from reports.volume_anomalies as anomalies
    inner join reports.files as files
        on files.feed = anomalies.feed and files.partition_key = anomalies.partition_key
    group by all
"""

_DAYS = """
    select try_cast(partition_key as date) as day, min(coalesce(published_at, timestamp '1970-01-01')) as published_at
    from reports.files where feed = $feed and partition_key is not null group by day having day is not null order by day
"""


@dataclass(frozen=True)
class SnapshotFindings:
    """What a snapshot shows: findings, and for each feed of days the delivered ones."""

    findings: list[Finding]
    delivered: dict[str, frozenset[date]]


def snapshot_findings(
    snapshot: OpenSnapshot, since: datetime, now: datetime, with_unknown: bool, with_late: bool
) -> SnapshotFindings:
    """Return what a snapshot shows.

    Args:
        snapshot: it has the tables of reports.
        since: deliveries that were published before are no news and are left out.
        now: UTC.
        with_unknown: whether deliveries are included whose time of publishing is not known.
        with_late: whether days count as missing that nothing was delivered after; not while files wait for a build.

    Raises:
        QueryTooLargeError, OutdatedSnapshotError: the snapshot does not answer.
    """
    found, delivered = [*_deliveries(snapshot, since, with_unknown), *_volumes(snapshot)], {}
    for name, feed in all_feeds().items():
        if isinstance(feed.partitioning, Days):
            rows = snapshot.query(_DAYS, {"feed": name}, SECONDS).rows
            days = {day: _aware(at) for day, at in rows}
            hours = feed.late_after_hours if with_late else 0
            found += [_missing(name, gap, snapshot.number) for gap in gaps(days, hours, now)]
            delivered[name] = frozenset(days)
    return SnapshotFindings(found, delivered)


def _missing(feed: str, gap: "Gap", number: int) -> Finding:
    key = f"{MISSING}:{feed}:{gap.first}"
    return Finding(key, MISSING, gap.known_at, feed, first_day=gap.first, last_day=gap.last, snapshot=number)


def _deliveries(snapshot: OpenSnapshot, since: datetime, with_unknown: bool) -> Iterator[Finding]:
    feeds = [name for name, feed in all_feeds().items() if not feed.is_written_by_platform]
    values = {"feeds": feeds, "since": since.astimezone(UTC).replace(tzinfo=None), "with_unknown": with_unknown}
    for row in snapshot.query(_DELIVERIES, values, SECONDS).records():
        parts = [str(row[name]) for name in ("feed", "partition_key", "file_name", "sha256", "landed_at")]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
        details = {}
        if row["kind"] == WORSE:
            details = {"rows_read": row["lines_read"], "rows_held_back": row["rows_quarantined"]}
            details |= {"share": round(row["share"], 6), "usual_share": round(row["usual"], 6)}
        yield Finding(
            f"{row['kind']}:{digest}",
            row["kind"],
            _aware(row["published_at"]),
            row["feed"],
            _shown_partition(row["feed"], row["partition_key"]),
            sha256=row["sha256"] or "",
            landed_at=_aware(row["landed_at"]),
            snapshot=snapshot.number,
            details=details,
            is_over=row["is_mended"],
        )


def _volumes(snapshot: OpenSnapshot) -> Iterator[Finding]:
    for row in snapshot.query(_VOLUMES, None, SECONDS).records():
        details = {name: round(float(row[name]), 2) for name in ("expected", "score")} | {"observed": row["observed"]}
        yield Finding(
            f"{VOLUME}:{row['feed']}:{row['partition_key']}",
            VOLUME,
            _aware(row["published_at"]),
            row["feed"],
            _shown_partition(row["feed"], row["partition_key"]),
            snapshot=snapshot.number,
            details=details,
        )


@dataclass(frozen=True)
class Gap:
    """Days in a row that were not delivered, and when that became known."""

    first: date
    last: date
    known_at: datetime


def gaps(days: dict[date, datetime | None], late_after_hours: int, now: datetime) -> Iterator[Gap]:
    """Yield the missing days: between delivered ones, and after the last one those that are late.

    A gap is known since a day after it and a day before it are; a late day since it is late as in the calendar, and
    only as long as the feed is not paused.

    Args:
        days: delivered day -> when its first file was published.
        late_after_hours: of the feed; 0 if no delivery is expected.
        now: UTC.
    """
    ordered = sorted(days)
    never = datetime.fromtimestamp(0, UTC)
    times = [days[day] or never for day in ordered]
    for place in range(1, len(ordered)):
        first, last = ordered[place - 1] + timedelta(days=1), ordered[place] - timedelta(days=1)
        if first <= last and (last - first).days < LONGEST_GAP:
            yield Gap(first, last, max(min(times[:place]), min(times[place:])))
    past = [day for day in ordered if day <= now.date()]
    if not late_after_hours or not past or past != ordered or (now.date() - past[-1]).days > LONGEST_GAP:
        return
    first = past[-1] + timedelta(days=1)
    patience = timedelta(days=late_after_hours // 24 + 1)
    last = now.date() - patience
    if first <= last:
        yield Gap(first, last, datetime.combine(first + patience, datetime.min.time(), UTC))


def _shown_partition(feed: str, key: str | None) -> str:
    """Return a partition that is a day or a number; others are names that people gave."""
    is_plain = feed in all_feeds() and isinstance(all_feeds()[feed].partitioning, Days | Quarters)
    return key if key and is_plain and len(key) <= 20 else ""


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.year > 1970 else None
