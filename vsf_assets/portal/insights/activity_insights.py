"""Insights about activity: by segment, plan, channel, device and event type, by kind of device, before activation.

Here: their declarations. Not here: lines and limits (line_insights.py).
"""

from vsf_assets.portal.insights.insight import (
    DATE,
    Insight,
    InsightChoice,
    InsightFilter,
    column_of,
    counted,
    days,
    percent,
    span,
    total,
    word,
)
from vsf_assets.snapshots.pool import Rows

SECTION = "Activity of lines"
_SUMMARY = "marts.fct_activity_summary"
_PLAUSIBLE = "date_key <> date '0001-01-01'"
_EMPTY = "It fills when files of the feed events are delivered."

BY = InsightChoice(
    "by",
    "By",
    {
        "segment": "segment_name",
        "plan": "service_plan",
        "channel": "sales_channel",
        "device": "device_grouping",
        "type": "event_type",
    },
)

_FILTERS = (
    *days("event_date", _SUMMARY, condition=_PLAUSIBLE),
    word("segment", "Segment", "segment_name", _SUMMARY),
    word("plan", "Plan", "service_plan", _SUMMARY),
    word("channel", "Channel", "sales_channel", _SUMMARY),
    word("device", "Device", "device_grouping", _SUMMARY),
    word("type", "Event type", "event_type", _SUMMARY),
)

_BY_DAY = f"""
with activity as (
    select event_date as day, {{by}} as name, sum(events) as events
    from [{_SUMMARY}]
    where {_PLAUSIBLE} and {{where}}
    group by all
), places as (
    select name, row_number() over (order by sum(events) desc, name) as place from activity group by name
)
select day, case when place <= 5 then name else 'all others' end as name, cast(sum(events) as bigint) as events
from activity inner join places using (name)
group by all
order by day, min(place)
"""  # noqa: S608 - names of ours

_TOTALS = f"""
with activity as (
    select {{by}} as name, cast(sum(events) as bigint) as events,
        cast(sum(events_before_activation) as bigint) as events_before_activation
    from [{_SUMMARY}]
    where {_PLAUSIBLE} and {{where}}
    group by all
)
select name, events, events / sum(events) over () as share, events_before_activation
from activity
order by events desc, name
"""  # noqa: S608

_DEVICES = f"""
with active as (
    select daily.event_date as day, lines.device_grouping, cast(sum(daily.events) as bigint) as events,
        count(*) as active_lines
    from [marts.fct_activity_daily] as daily
    inner join [marts.dim_lines] as lines on daily.line_key = lines.line_key
    where daily.{_PLAUSIBLE}
    group by all
)
select day, device_grouping, events, active_lines
from active
where {{where}}
order by day, device_grouping
"""  # noqa: S608

_BEFORE = f"""
select event_date as day, {{by}} as name, cast(sum(events_before_activation) as bigint) as events_before_activation,
    cast(sum(events) as bigint) as events
from [{_SUMMARY}]
where {_PLAUSIBLE} and {{where}}
group by all
having sum(events_before_activation) > 0
order by day, events_before_activation desc, name
"""  # noqa: S608

_LINES_BEFORE = """
select activity.mtn, lines.service_activation_date, min(activity.event_at) as first_event_at,
    date_diff('day', min(activity.event_at), lines.service_activation_date) as days_before,
    count(*) as events
from [marts.fct_activity_events] as activity
inner join [marts.dim_lines] as lines on activity.line_key = lines.line_key
where activity.is_before_activation and {where}
group by activity.mtn, lines.service_activation_date
order by days_before desc, events desc, activity.mtn
"""


def _by_day(rows: Rows) -> str:
    return f"{counted(total(rows, 'events'), 'event')} {span(rows, 'day')}"


def _totals(rows: Rows) -> str:
    name, events, *_ = rows.rows[0]
    every = total(rows, "events")
    return f"{name} has {percent(events, every)} of the activity: {events:,} of {counted(every, 'event')}"


def _devices(rows: Rows) -> str:
    named = sorted(set(column_of(rows, "device_grouping")))
    return f"{counted(total(rows, 'events'), 'event')} on lines of {', '.join(named)} {span(rows, 'day')}"


def _before(rows: Rows) -> str:
    count = total(rows, "events_before_activation")
    return f"{counted(count, 'event')} before the service was activated, {span(rows, 'day')}"


def _lines_before(rows: Rows) -> str:
    return (
        f"{counted(len(rows.rows), 'line was', 'lines were')} active before activation,"
        f" up to {counted(max(column_of(rows, 'days_before')), 'day')} early"
    )


INSIGHTS = (
    Insight(
        "activity",
        SECTION,
        "Activity by segment, plan, channel, device or event type",
        "What do which lines do, day by day?",
        _BY_DAY,
        _by_day,
        _EMPTY,
        _FILTERS,
        (BY,),
        spec="activity",
        columns={"name": "one of the five with most events, or all others"},
    ),
    Insight(
        "activity-totals",
        SECTION,
        "Activity in total",
        "Which segment, plan, channel, device or event type has most of the activity?",
        _TOTALS,
        _totals,
        _EMPTY,
        _FILTERS,
        (BY,),
        spec="activity_totals",
        chart_rows=20,
        shares=frozenset({"share"}),
    ),
    Insight(
        "devices",
        SECTION,
        "Activity by kind of device",
        "How much activity is there on lines with a kind of device, day by day?",
        _DEVICES,
        _devices,
        _EMPTY,
        (
            *days("day", _SUMMARY, "event_date", _PLAUSIBLE),
            word("device", "Device", "device_grouping", "marts.dim_lines"),
        ),
        spec="devices",
    ),
    Insight(
        "before-activation",
        SECTION,
        "Activity before activation",
        "How much activity is there before the service of a line was activated?",
        _BEFORE,
        _before,
        "No event is before the activation of its line.",
        _FILTERS,
        (BY,),
        spec="before_activation",
        columns={"events": "all events of the same day and name"},
    ),
    Insight(
        "lines-before-activation",
        SECTION,
        "Lines that were active before activation",
        "Which lines were active before their service was activated, and how long before?",
        _LINES_BEFORE,
        _lines_before,
        "No line was active before its activation.",
        (
            InsightFilter("from", "From", DATE, "activity.event_date >= {value}"),
            InsightFilter("to", "To", DATE, "activity.event_date <= {value}"),
        ),
        columns={"days_before": "days from the first event to the activation"},
    ),
)
