{{ config(tags=['previous_build']) }}

with

files as (
    select file_id, loaded_at, cast(partition_key as date) as processing_date
    from {{ ref('int_ledger__files') }}
    where feed = 'events' and status = 'loaded'
),

known as (
    {{ previous_build('int_mobile__event_files', {
        'file_id': 'bigint', 'loaded_at': 'timestamp', 'event_date': 'date', 'rows_loaded': 'bigint',
    }) }}
),

new_files as (
    select files.*
    from files
    left join known on files.file_id = known.file_id and files.loaded_at = known.loaded_at
    where known.file_id is null
),

-- Only new files are read.
new_days as (
    select
        new_files.file_id,
        new_files.loaded_at,
        cast(events.event_time as date) as event_date,
        count(*) as rows_loaded
    from {{ ref('stg_mobile__events') }} as events
    inner join new_files on events.file_id = new_files.file_id
    group by new_files.file_id, new_files.loaded_at, cast(events.event_time as date)
),

file_days as (
    select file_id, loaded_at, event_date, rows_loaded from known
    union all
    select file_id, loaded_at, event_date, rows_loaded from new_days
),

final as (
    select
        files.file_id,
        files.loaded_at,
        files.processing_date,
        file_days.event_date,
        file_days.rows_loaded
    from files
    inner join file_days on files.file_id = file_days.file_id and files.loaded_at = file_days.loaded_at
)

select * from final
