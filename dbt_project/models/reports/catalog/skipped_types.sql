with

files as (
    select * from {{ ref('int_ledger__files') }} where status = 'loaded'
),

skipped as (
    select * from {{ ref('stg_catalog__skipped_types') }}
),

final as (
    select
        files.feed,
        files.partition_key,
        files.file_name,
        files.landed_at,
        skipped.record_type,
        -- A big object is read in pieces, each with its own count.
        cast(sum(skipped.records) as bigint) as records,
        min(skipped.line_number) as first_line_number
    from skipped
    inner join files on skipped.file_id = files.file_id
    group by files.file_id, files.feed, files.partition_key, files.file_name, files.landed_at, skipped.record_type
)

select * from final
order by feed, partition_key, landed_at, file_name, record_type
