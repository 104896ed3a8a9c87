with

events as (
    select
        event_date,
        date_key,
        event_type_key,
        line_key,
        account_key,
        count(*) as events,
        count(case when is_before_activation then 1 end) as events_before_activation
    from {{ ref('fct_activity_events') }}
    where event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
    group by event_date, date_key, event_type_key, line_key, account_key
),

event_types as (
    select * from {{ ref('dim_event_types') }}
),

lines as (
    select * from {{ ref('dim_lines') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

final as (
    select
        events.event_date,
        events.date_key,
        event_types.event_type,
        lines.device_grouping,
        lines.sales_channel,
        accounts.segment_name,
        accounts.service_plan,
        cast(sum(events.events) as bigint) as events,
        cast(sum(events.events_before_activation) as bigint) as events_before_activation
    from events
    inner join event_types on events.event_type_key = event_types.event_type_key
    inner join lines on events.line_key = lines.line_key
    inner join accounts on events.account_key = accounts.account_key
    group by
        events.event_date,
        events.date_key,
        event_types.event_type,
        lines.device_grouping,
        lines.sales_channel,
        accounts.segment_name,
        accounts.service_plan
)

select * from final
order by event_date, date_key, event_type, device_grouping, sales_channel, segment_name, service_plan
