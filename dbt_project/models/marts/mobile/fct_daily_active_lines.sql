with

activity as (
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

aged as (
    select
        activity.mtn,
        activity.event_date,
        activity.date_key,
        beginnings.first_event_date,
        -- Of an implausible date there is none: it is neither a first day nor a return.
        case when activity.is_plausible then activity.event_date - beginnings.first_event_date end as age
    from activity
    left join beginnings on activity.mtn = beginnings.mtn
),

active as (
    select
        event_date,
        date_key,
        count(*) as active_lines,
        count(case when age = 0 then 1 end) as new_lines
    from aged
    group by event_date, date_key
),

retained as (
    select
        first_event_date,
        {% for days in [1, 7, 30] -%}
        count(case when age = {{ days }} then 1 end) as retained_lines_{{ days }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from aged
    group by first_event_date
),

final as (
    select
        active.event_date,
        active.date_key,
        active.active_lines,
        active.new_lines,
        -- Null, not 0, while the later day has not been delivered.
        {% for days in [1, 7, 30] -%}
        case
            when active.new_lines > 0 and delivered.last_day - active.event_date >= {{ days }}
                then retained.retained_lines_{{ days }} / cast(active.new_lines as double)
        end as retention_{{ days }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from active
    left join retained on active.event_date = retained.first_event_date and {{ has_plausible_day('active.date_key') }}
    cross join delivered
)

select * from final
order by event_date, date_key
