{{ config(tags=['previous_build']) }}

with

ids as (
    select event_date, uuid_hash from {{ ref('int_mobile__shared_ids') }}
),

affected_ids as (
    select distinct uuid_hash
    from ids
    where event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
),

shared_days as (
    select distinct ids.event_date
    from ids
    inner join affected_ids on ids.uuid_hash = affected_ids.uuid_hash
),

{{ arrived_events('shared_days') }},

-- Within a date the first delivery stands.
current_rows as (
    select
        uuid,
        event_date,
        min(arrival) as arrival,
        arg_min(file_id, arrival) as file_id,
        arg_min(line_number, arrival) as line_number
    from arrived
    where {{ short_hash('uuid') }} in (select uuid_hash from affected_ids)
    group by uuid, event_date
),

firsts as (
    select uuid, min(arrival) as first_arrival, arg_min(event_date, arrival) as first_event_date
    from current_rows
    group by uuid
),

final as (
    select
        current_rows.file_id,
        current_rows.line_number,
        current_rows.event_date,
        current_rows.uuid,
        firsts.first_event_date
    from current_rows
    inner join firsts on current_rows.uuid = firsts.uuid
    where
        current_rows.arrival > firsts.first_arrival
        and current_rows.event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
)

select * from final
