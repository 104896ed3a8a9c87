with

-- Read three times, of few columns each: a copy would hold every day of every line.
activity as not materialized (
    select mtn, event_date, date_key, {{ has_plausible_day('date_key') }} as is_plausible from {{ ref('fct_activity_daily') }}
),

delivered as (
    select max(case when {{ is_plausible_date('processing_date') }} then processing_date end) as last_day from {{ ref('int_mobile__event_days') }}
),

beginnings as (
    select mtn, min(event_date) as first_event_date
    from activity
    where is_plausible
    group by mtn
),

active as (
    select event_date, date_key, is_plausible, count(*) as active_lines
    from activity
    group by event_date, date_key, is_plausible
),

-- An implausible date is neither a first day nor a return. A line has one row on a plausible date.
beginners as (
    select first_event_date, count(*) as new_lines from beginnings group by first_event_date
),

-- The few days on which a return counts: joined by them, most of a year of activity is not read.
awaited as (
    select mtn, first_event_date, unnest([1, 7, 30]) as age from beginnings
),

retained as (
    select
        awaited.first_event_date,
        {% for days in [1, 7, 30] -%}
        count(case when awaited.age = {{ days }} then 1 end) as retained_lines_{{ days }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from activity
    inner join awaited on activity.mtn = awaited.mtn and activity.event_date = awaited.first_event_date + awaited.age
    where activity.is_plausible
    group by awaited.first_event_date
),

final as (
    select
        active.event_date,
        active.date_key,
        active.active_lines,
        coalesce(beginners.new_lines, 0) as new_lines,
        -- Null, not 0, while the later day has not been delivered.
        {% for days in [1, 7, 30] -%}
        case
            when beginners.new_lines > 0 and delivered.last_day - active.event_date >= {{ days }}
                then coalesce(retained.retained_lines_{{ days }}, 0) / cast(beginners.new_lines as double)
        end as retention_{{ days }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from active
    left join beginners on active.event_date = beginners.first_event_date and active.is_plausible
    left join retained on active.event_date = retained.first_event_date and active.is_plausible
    cross join delivered
)

select * from final
order by event_date, date_key
