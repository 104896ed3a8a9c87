with

{{ arrived_events(ref('int_mobile__affected_days')) }},

-- Nearly every event is settled here, by two columns; whole rows are fetched for the others only.
repeated_ids as (
    select uuid, event_date
    from arrived
    group by uuid, event_date
    having count(*) > 1
),

arrivals as (
    select arrived.file_id, arrived.line_number, arrived.event_date, arrived.uuid, arrived.arrival
    from arrived
    inner join repeated_ids on arrived.uuid = repeated_ids.uuid and arrived.event_date = repeated_ids.event_date
),

payloads as (
    select
        rows._file_id as file_id,
        rows._line as line_number,
        {{ row_without('rows', ['_file_id', '_line']) }} as payload
    from {{ source('raw', 'events') }} as rows
    inner join arrivals on rows._file_id = arrivals.file_id and rows._line = arrivals.line_number
    where
        rows.event_time >= (select min(event_date) from arrivals)
        and rows.event_time < (select max(event_date) + 1 from arrivals)
),

firsts as (
    select uuid, event_date, min(arrival) as first_arrival
    from arrivals
    group by uuid, event_date
),

repeated as (
    select arrivals.*, firsts.first_arrival, payloads.payload
    from arrivals
    inner join firsts on arrivals.uuid = firsts.uuid and arrivals.event_date = firsts.event_date
    inner join payloads on arrivals.file_id = payloads.file_id and arrivals.line_number = payloads.line_number
),

final as (
    select
        repeated.file_id,
        repeated.line_number,
        repeated.event_date,
        repeated.uuid,
        earliest.file_id as first_file_id,
        earliest.line_number as first_line_number,
        case
            when repeated.payload is not distinct from earliest.payload then 'duplicate_row'
            else 'duplicate_key'
        end as anomaly
    from repeated
    inner join repeated as earliest on repeated.first_arrival = earliest.arrival
    where repeated.arrival > repeated.first_arrival
)

select * from final
