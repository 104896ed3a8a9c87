{{ config(materialized='ephemeral') }}

with

events as (
    select * from {{ source('raw', 'events') }}
),

files as (
    select
        file_id,
        landing_position,
        cast(partition_key as date) as processing_date
    from {{ ref('stg_ledger__files') }}
    where feed = 'events' and status = 'loaded'
),

repeated as (
    select file_id, line_number from {{ ref('stg_vsf__repeated_events') }}
),

final as (
    select
        files.file_id,
        events._line as line_number,
        {{ landing_order('files.landing_position', 'events._line') }} as arrival,
        files.processing_date,
        cast(events.event_time as date) as event_date,
        events.* exclude (_file_id, _line)
    from events
    inner join files on events._file_id = files.file_id
    left join repeated on files.file_id = repeated.file_id and events._line = repeated.line_number
    where repeated.line_number is null
)

select * from final
