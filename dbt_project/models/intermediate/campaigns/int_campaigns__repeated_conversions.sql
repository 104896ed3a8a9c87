with

files as (
    select
        file_id,
        landing_position,
        cast(partition_key as integer) as quarter
    from {{ ref('int_ledger__files') }}
    where feed = 'conversions' and status = 'loaded'
),

-- The source is handed over by name: a CTE read twice would be copied whole, and lose the order of its rows.
{{ repeated_rows(source('raw', 'conversions'), 'files', partition='quarter', id='conversion_id', payload=['click_id', 'revenue']) }}

select * from final
