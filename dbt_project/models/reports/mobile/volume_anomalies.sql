with

volumes as (
    select * from {{ ref('daily_volumes') }}
),

final as (
    select
        feed,
        partition_key,
        processing_date,
        expected,
        observed,
        score,
        compared_days
    from volumes
    where is_unusual
)

select * from final
order by processing_date
