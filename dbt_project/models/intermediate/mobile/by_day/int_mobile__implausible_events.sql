with

-- Known per file and day, so only files that hold such events are read.
implausible_days as (
    select event_date
    from {{ ref('int_mobile__event_files') }}
    where
        not {{ is_plausible_event('event_date', 'processing_date') }}
        and event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
),

{{ arrived_events('implausible_days') }},

repeated as (
    select file_id, line_number from {{ ref('int_mobile__repeated_events') }}
),

final as (
    select
        arrived.file_id,
        arrived.line_number,
        arrived.event_date,
        arrived.processing_date,
        arrived.event_time as event_at
    from arrived
    left join repeated on arrived.file_id = repeated.file_id and arrived.line_number = repeated.line_number
    where not {{ has_plausible_day('arrived.date_key') }} and repeated.line_number is null
)

select * from final
