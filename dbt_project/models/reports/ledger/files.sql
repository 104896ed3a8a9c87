with

files as (
    select * from {{ ref('int_ledger__deliveries') }}
),

published as (
    select * from {{ ref('stg_ledger__published_files') }}
),

final as (
    select
        files.feed,
        files.partition_key,
        files.file_name,
        files.sha256,
        files.status,
        files.bytes,
        files.lines_read,
        files.rows_loaded,
        files.rows_quarantined,
        files.rows_blank,
        files.rows_skipped,
        files.landed_at,
        files.loaded_at,
        files.run_id,
        published.first_snapshot,
        published.published_at
    from files
    left join published on files.file_id = published.file_id
    order by files.feed, files.partition_key, files.landing_position
)

select * from final
