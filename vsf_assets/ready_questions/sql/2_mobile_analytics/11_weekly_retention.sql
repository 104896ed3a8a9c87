-- title: How many new lines of a week are back in each week after it?
-- about: A week begins on Monday and has the date of it. `share` is the part of the lines first active in `first_week`
--   that are active in the week `weeks_later`. Only weeks that were delivered to their Sunday are counted; an event of
--   an implausible date counts in none.
-- parameter: weeks, whole number, 8: weeks to look ahead at most
with active as (
    select distinct mtn, date_trunc('week', event_date)::date as week
    from marts.fct_activity_daily
    where date_key != date '0001-01-01'
),

beginnings as (
    select mtn, min(week) as first_week from active group by mtn
),

delivered as (
    select max(calendar_date) as last_day
    from marts.dim_dates
    where calendar_date in (
        select try_cast(partition_key as date) from reports.files where feed = 'events' and status = 'loaded'
    )
),

retained as (
    select beginnings.first_week, (active.week - beginnings.first_week) // 7 as weeks_later, count(*) as lines
    from active
    inner join beginnings on active.mtn = beginnings.mtn
    group by all
)

select
    news.first_week,
    news.lines as new_lines,
    ages.weeks_later,
    coalesce(retained.lines, 0) as lines_back,
    coalesce(retained.lines, 0) / news.lines as share
from retained as news
cross join (select unnest(range(1, $weeks + 1)) as weeks_later) as ages
cross join delivered
left join retained on news.first_week = retained.first_week and ages.weeks_later = retained.weeks_later
where news.weeks_later = 0 and news.first_week + (7 * ages.weeks_later + 6)::integer <= delivered.last_day
order by news.first_week, ages.weeks_later
