"""Insights about lines: active and new ones, how many stay, and their limits.

Here: their declarations. Not here: what lines do (activity_insights.py).
"""

from vsf_assets.portal.insights.insight import (
    WORD,
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

SECTION = "Lines and limits"
_ACTIVE = "marts.fct_daily_active_lines"
_PLAUSIBLE = "date_key <> date '0001-01-01'"
_EMPTY = "It fills when files of the feed events are delivered."
_NO_LIMITS = "It fills when files of the feed limits are delivered."

_ACTIVE_LINES = f"""
select event_date as day, active_lines, new_lines, retention_1, retention_7, retention_30
from [{_ACTIVE}]
where {_PLAUSIBLE} and {{where}}
order by day
"""  # noqa: S608 - names of ours

_RETENTION = f"""
with activity as (
    select distinct mtn, cast(date_trunc('{{per}}', event_date) as date) as period
    from [marts.fct_activity_daily]
    where {_PLAUSIBLE}
), beginnings as (
    select mtn, min(period) as first_seen from activity group by mtn
), cohorts as (
    select first_seen, count(*) as new_lines from beginnings where {{where}} group by first_seen
), returns as (
    select first_seen, date_diff('{{per}}', first_seen, period) as later, count(*) as lines
    from activity inner join beginnings using (mtn)
    group by all
), delivered as (
    select max(processing_date) as last_day from [reports.daily_volumes] where observed > 0
)
select cohorts.first_seen, '{{per}}' as per, ages.later, coalesce(returns.lines, 0) as lines, cohorts.new_lines,
    coalesce(returns.lines, 0) / cohorts.new_lines as share
from cohorts
cross join (select unnest(range(0, 31)) as later) as ages
cross join delivered
left join returns on cohorts.first_seen = returns.first_seen and ages.later = returns.later
where cohorts.first_seen + to_{{per}}s(cast(ages.later + 1 as integer)) <= delivered.last_day + 1
order by cohorts.first_seen, ages.later
"""  # noqa: S608

_LIMITS = """
select limit_type, count(*) as limited_lines, count(*) filter (has_activity) as active_lines,
    cast(sum(limits) as bigint) as limits, cast(sum(activity_events) as bigint) as activity_events
from [marts.fct_limited_lines]
where {where}
group by limit_type
order by limited_lines desc, limit_type
"""

_LIMITED_LINES = """
select mtn, limit_type, limits, activity_events, active_days, first_event_date, last_event_date
from [marts.fct_limited_lines]
where {active} and {where}
order by mtn, limit_type
"""


def _active(rows: Rows) -> str:
    highest = max(column_of(rows, "active_lines"))
    new = total(rows, "new_lines")
    return f"Up to {counted(highest, 'line')} a day {span(rows, 'day')}; {counted(new, 'line was', 'lines were')} new"


def _retention(rows: Rows) -> str:
    named = rows.records()
    returned = Rows(rows.names, rows.types, [row for row, of in zip(rows.rows, named, strict=True) if of["later"] == 1])
    lines, new = total(returned, "lines"), total(returned, "new_lines")
    if not new:
        return f"{counted(len({row[0] for row in rows.rows}), 'group')} of new lines, none old enough to have come back"
    first = f"{percent(lines, new)} of the lines that were new {span(returned, 'first_seen')}"
    return f"{first} came back the next {named[0]['per']}: {lines:,} of {new:,}"


def _limits(rows: Rows) -> str:
    active, lines = total(rows, "active_lines"), total(rows, "limited_lines")
    return f"{active:,} of {counted(lines, 'limited line')} {'is' if active == 1 else 'are'} active"


def _limited_lines(rows: Rows) -> str:
    return f"{counted(len(rows.rows), 'limited line')}, with {counted(total(rows, 'activity_events'), 'event')}"


INSIGHTS = (
    Insight(
        "active-lines",
        SECTION,
        "Active and new lines",
        "How many lines are active each day, and how many for the first time?",
        _ACTIVE_LINES,
        _active,
        _EMPTY,
        days("event_date", _ACTIVE, condition=_PLAUSIBLE),
        spec="active_lines",
        columns={
            "retention_1": "share of the new lines that were active exactly one day later",
            "retention_7": "the same, 7 days later",
            "retention_30": "the same, 30 days later; empty while that day is not delivered",
        },
        shares=frozenset({"retention_1", "retention_7", "retention_30"}),
    ),
    Insight(
        "retention",
        SECTION,
        "How many new lines stay",
        "Of the lines that were first active on a day, which share is active so many days later?",
        _RETENTION,
        _retention,
        _EMPTY,
        days("first_seen", _ACTIVE, "event_date", _PLAUSIBLE, 31),
        (InsightChoice("per", "Per", {"day": "day", "week": "week"}),),
        spec="retention",
        columns={
            "first_seen": "first day, or Monday of the first week, with activity",
            "per": "whether days or weeks are counted",
            "later": "days, or weeks, after that",
            "lines": "lines of those that were active then",
        },
        shares=frozenset({"share"}),
    ),
    Insight(
        "limits",
        SECTION,
        "Lines with limits",
        "How many lines have which kind of limit, and how many of them are active?",
        _LIMITS,
        _limits,
        _NO_LIMITS,
        (word("type", "Kind of limit", "limit_type", "marts.fct_limited_lines"),),
        spec="limits",
        columns={"active_lines": "limited lines with any activity event"},
    ),
    Insight(
        "limited-lines",
        SECTION,
        "Which limited lines are active",
        "Which lines have a limit of a kind, and what did they do?",
        _LIMITED_LINES,
        _limited_lines,
        "No line has such a limit.",
        (
            InsightFilter(
                "type",
                "Kind of limit",
                WORD,
                "limit_type = {value}",
                "select distinct limit_type from [marts.fct_limited_lines] order by all",
                default="select max(limit_type) from [marts.fct_limited_lines] where limit_type = 'USG'",
            ),
        ),
        (InsightChoice("active", "Lines", {"active": "has_activity", "idle": "not has_activity", "all": "true"}),),
    ),
)
