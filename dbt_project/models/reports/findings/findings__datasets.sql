with

findings as (
    select * from {{ ref('int_datasets__findings') }}
),

final as (
    select
        file_id,
        line_number,
        anomaly,
        column_name,
        raw_value,
        cast(null as varchar) as raw_text,
        severity,
        reason
    from findings
)

select * from final
