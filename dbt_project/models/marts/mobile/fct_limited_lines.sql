with

-- A date that cannot be is neither the first nor the last.
limits as (
    select * from {{ ref('fct_usage_limits') }}
),

activity as (
    select
        mtn,
        sum(events) as activity_events,
        count(case when {{ has_plausible_day('date_key') }} then 1 end) as active_days,
        min(case when {{ has_plausible_day('date_key') }} then event_date end) as first_event_date,
        max(case when {{ has_plausible_day('date_key') }} then event_date end) as last_event_date
    from {{ ref('fct_activity_daily') }}
    group by mtn
),

limited as (
    select
        mtn,
        limit_type,
        count(*) as limits,
        min(case when {{ has_plausible_day('date_key') }} then limiting_date end) as first_limiting_date,
        max(case when {{ has_plausible_day('date_key') }} then limiting_date end) as last_limiting_date
    from limits
    group by mtn, limit_type
),

final as (
    select
        limited.mtn,
        limited.limit_type,
        limited.limits,
        limited.first_limiting_date,
        limited.last_limiting_date,
        activity.mtn is not null as has_activity,
        cast(coalesce(activity.activity_events, 0) as bigint) as activity_events,
        coalesce(activity.active_days, 0) as active_days,
        activity.first_event_date,
        activity.last_event_date
    from limited
    left join activity on limited.mtn = activity.mtn
)

select * from final
order by limit_type, mtn
