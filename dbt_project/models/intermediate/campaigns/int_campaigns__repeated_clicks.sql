with

files as (
    select
        file_id,
        landing_position,
        cast(partition_key as integer) as quarter
    from {{ ref('int_ledger__files') }}
    where feed = 'clicks' and status = 'loaded'
),

-- The source is handed over by name: a CTE read twice would be copied whole, and lose the order of its rows.
{{ repeated_rows(source('raw', 'clicks'), 'files', partition='quarter', id='click_id', payload=['banner_id', 'campaign_id']) }}

select * from final
