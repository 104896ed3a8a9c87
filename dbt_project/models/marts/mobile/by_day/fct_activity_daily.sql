{{ config(tags=['read_before_built']) }}

with

events as (
    select *
    from {{ ref('fct_activity_events') }}
    where event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
),

final as (
    select
        mtn,
        event_date,
        date_key,
        line_key,
        account_key,
        count(*) as events,
        count(case when is_before_activation then 1 end) as events_before_activation,
        count(distinct event_type_key) as event_types,
        -- -1 stands for outside of a session.
        count(distinct case when session_id != -1 then session_id end) as sessions,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at
    from events
    -- A line has one version and one account on a day.
    group by mtn, event_date, date_key, line_key, account_key
)

select * from final
order by event_date, mtn, date_key
