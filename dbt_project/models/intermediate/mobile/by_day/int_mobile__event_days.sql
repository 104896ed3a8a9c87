with

events as (
    select * from {{ ref('int_mobile__events_of_affected_days') }}
),

final as (
    select
        event_date,
        processing_date,
        event_type,
        count(*) as events,
        count(mdn) as activity_events
    from events
    group by event_date, processing_date, event_type
)

select * from final
