with

event_days as (
    select * from {{ ref('int_mobile__event_days') }}
),

event_types as (
    select distinct event_type from event_days where activity_events > 0
),

final as (
    select
        {{ surrogate_key(['event_type']) }} as event_type_key,
        event_type,
        split_part(event_type, '_', 1) as feature
    from event_types
)

select * from final
order by event_type
