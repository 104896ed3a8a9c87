with

events as (
    select file_id, line_number, arrival, event_date, uuid from {{ ref('stg_vsf__events') }}
),

-- Within a date an uuid stands once, so counting rows counts dates.
several as (
    select uuid, min(arrival) as first_arrival, arg_min(event_date, arrival) as first_event_date
    from events
    group by uuid
    having count(*) > 1
),

final as (
    select
        events.file_id,
        events.line_number,
        events.event_date,
        events.uuid,
        several.first_event_date
    from events
    inner join several on events.uuid = several.uuid
    where events.arrival > several.first_arrival
)

select * from final
