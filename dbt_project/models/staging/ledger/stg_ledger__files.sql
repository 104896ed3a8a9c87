with

files as (
    select * from {{ source('raw', 'files') }}
),

placed as (
    select
        *,
        -- Everything after the content's digest only makes the order total.
        row_number() over (
            order by landed_at, file_name, sha256, feed, partition_key, file_id
        ) as landing_position
    from files
),

contents as (
    select
        *,
        min(landing_position) over content as first_position,
        max(case when status = 'loaded' then file_id end) over content as loaded_file_id,
        count(case when status = 'loaded' then 1 end) over content as loaded_deliveries
    from placed
    window content as (partition by feed, partition_key, sha256, status = 'unreadable')
),

-- Ingest marks as duplicate what it met second. A content belongs to the delivery that *landed* first, so the
-- ledger comes out the same in whatever order files were ingested. (State-like feeds load every delivery: kept.)
settled as (
    select
        *,
        case
            when loaded_deliveries != 1 then status
            when landing_position = first_position then 'loaded'
            else 'duplicate_file'
        end as settled_status
    from contents
),

owners as (
    select
        *,
        case
            when settled_status = 'loaded' and loaded_deliveries = 1 then loaded_file_id
            when settled_status != 'duplicate_file' then file_id
        end as raw_file_id
    from settled
),

final as (
    select
        owners.file_id,
        owners.raw_file_id,
        owners.feed,
        owners.partition_key,
        owners.file_name,
        owners.sha256,
        owners.settled_status as status,
        owners.bytes,
        coalesce(counts.lines_read, 0) as lines_read,
        coalesce(counts.rows_loaded, 0) as rows_loaded,
        coalesce(counts.rows_quarantined, 0) as rows_quarantined,
        coalesce(counts.rows_blank, 0) as rows_blank,
        coalesce(counts.rows_skipped, 0) as rows_skipped,
        owners.landing_position,
        owners.landed_at,
        owners.loaded_at,
        owners.run_id
    from owners
    left join files as counts on owners.raw_file_id = counts.file_id
)

select * from final
