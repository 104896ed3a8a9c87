with

files as (
    select * from {{ ref('int_ledger__deliveries') }}
),

final as (
    select
        feed,
        partition_key,
        file_name,
        sha256,
        status,
        bytes,
        lines_read,
        rows_loaded,
        rows_quarantined,
        rows_blank,
        rows_skipped,
        landed_at,
        loaded_at,
        run_id
    from files
    order by feed, partition_key, landing_position
)

select * from final
