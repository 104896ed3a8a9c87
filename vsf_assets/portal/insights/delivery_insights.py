"""Insights about deliveries: volume, data quality, and what was found wrong.

Here: their declarations. Not here: what the data says (the other modules *_insights.py).
"""

from collections import Counter

from vsf_assets.portal.insights.insight import Insight, column_of, counted, days, percent, span, total, word
from vsf_assets.snapshots.pool import Rows

SECTION = "Deliveries"
_QUALITY, _VOLUMES, _ANOMALIES = "reports.data_quality", "reports.daily_volumes", "reports.anomalies"

_VOLUME = f"""
with delivered as (
    select * from [{_VOLUMES}] where {{where}}
), calendar as (
    select cast(unnest(generate_series(min(processing_date), max(processing_date), interval 1 day)) as date) as day
    from delivered
)
select calendar.day, delivered.observed as events, delivered.expected, delivered.lower_bound, delivered.upper_bound,
    case
        when delivered.processing_date is null then 'missing'
        when delivered.is_unusual and delivered.observed < delivered.expected then 'too few'
        when delivered.is_unusual then 'too many'
        when delivered.expected is null then 'no history'
        else 'usual'
    end as state
from calendar
left join delivered on calendar.day = delivered.processing_date
order by calendar.day
"""  # noqa: S608 - names of ours

_BAD_SHARES = f"""
select landed_date as day, feed, cast(sum(files) as bigint) as files, cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(bad_rows) as bigint) as bad_rows, sum(bad_rows) / nullif(sum(rows_read), 0) as bad_share,
    max(usual_share) as usual_share
from [{_QUALITY}]
where {{where}}
group by landed_date, feed
order by day, feed
"""  # noqa: S608

_FOUND = f"""
with found as (
    select coalesce(cast(landed_at as date), try_cast(partition_key as date)) as day, feed, anomaly, severity, records
    from [{_ANOMALIES}]
)
select day, anomaly, severity, count(*) as findings, cast(sum(records) as bigint) as records
from found
where {{where}}
group by all
order by day nulls last, anomaly, severity
"""  # noqa: S608


def _volume(rows: Rows) -> str:
    states = Counter(column_of(rows, "state"))
    unusual = states["too few"] + states["too many"]
    missing = f", {counted(states['missing'], 'day')} missing" if states["missing"] else ", no day missing"
    return f"{counted(unusual, 'unusual day')} of {len(rows.rows):,}{missing}, {span(rows, 'day')}"


def _quality(rows: Rows) -> str:
    bad, read = total(rows, "bad_rows"), total(rows, "rows_read")
    share = f" ({percent(bad, read)})" if read else ""
    return f"{bad:,} of {counted(read, 'record')}{share} had a finding, {span(rows, 'day')}"


def _found(rows: Rows) -> str:
    by_kind: Counter[str] = Counter()
    for _, kind, _, findings, _ in rows.rows:
        by_kind[kind] += findings
    (kind, most) = by_kind.most_common(1)[0]
    if len(by_kind) == 1:
        return f"{counted(most, 'finding')} of the kind {kind}"
    return f"{counted(by_kind.total(), 'finding')} of {counted(len(by_kind), 'kind')}; most are {kind}: {most:,}"


INSIGHTS = (
    Insight(
        "volume",
        SECTION,
        "Volume of events",
        "How many events arrived each day, and how many were to be expected?",
        _VOLUME,
        _volume,
        "It fills when files of the feed events are delivered.",
        days("processing_date", _VOLUMES),
        spec="volume",
        reading="The band holds usual volumes, the thin lines say what was to be expected.",
        columns={
            "expected": "median of the same weekday in the eight weeks before",
            "lower_bound": "lower end of the usual volumes",
            "upper_bound": "upper end of the usual volumes",
            "state": "missing: no file of this day; no history: no earlier day to compare with",
        },
    ),
    Insight(
        "quality",
        SECTION,
        "Data quality",
        "Which share of the records of a feed had something wrong, day by day?",
        _BAD_SHARES,
        _quality,
        "It fills when files are delivered.",
        (*days("landed_date", _QUALITY), word("feed", "Feed", "feed", _QUALITY)),
        spec="quality",
        columns={
            "day": "day of landing",
            "bad_rows": "records with at least one finding",
            "usual_share": "median of the feed's share on its days of landing before",
        },
        shares=frozenset({"bad_share", "usual_share"}),
    ),
    Insight(
        "anomalies",
        SECTION,
        "Anomalies by kind and day",
        "What was found wrong, of which kind, and when?",
        _FOUND,
        _found,
        "Nothing was found wrong.",
        (
            *days("day", _ANOMALIES, "coalesce(cast(landed_at as date), try_cast(partition_key as date))"),
            word("feed", "Feed", "feed", _ANOMALIES),
            word("kind", "Kind", "anomaly", _ANOMALIES),
            word("severity", "Severity", "severity", _ANOMALIES),
        ),
        spec="anomalies",
        reading="The larger a mark, the more findings.",
        columns={
            "day": "day of landing; of a missing file its day",
            "records": "records that the findings count; a kind lists so many at most",
        },
        link={"anomaly": "/data/reports/anomalies/?anomaly={}"},
    ),
)
