with

files as (
    select * from {{ ref('stg_ledger__files') }}
),

final as (
    select
        file_id,
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
        -- Everything after the content's digest only makes the order total.
        row_number() over (
            order by landed_at, file_name, sha256, feed, partition_key, file_id
        ) as landing_position,
        landed_at,
        loaded_at,
        run_id
    from files
)

select * from final
