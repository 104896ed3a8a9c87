with

events as (
    select uuid as event_uuid, event_date, date_key, event_properties
    from {{ ref('int_mobile__events_of_affected_days') }}
    where mdn is not null
),

properties as (
    {{ json_properties('events', 'event_properties', ['event_uuid', 'event_date', 'date_key']) }}
),

final as (
    select
        event_uuid,
        event_date,
        date_key,
        name as property_name,
        value as property_value
    from properties
)

select * from final
