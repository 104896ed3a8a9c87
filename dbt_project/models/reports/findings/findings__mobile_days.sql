with

files as (
    select cast(partition_key as date) as processing_date, status
    from {{ ref('int_ledger__files') }}
    where feed = 'events' and partition_key is not null
),

-- Only what was loaded spans the range: a file of a day far in the future was refused.
loaded as (
    select * from files where status = 'loaded' and {{ is_plausible_date('processing_date') }}
),

delivered_range as (
    {{ days_between('min(processing_date)', 'max(processing_date)', 'loaded') }}
),

volumes as (
    select * from {{ ref('volume_anomalies') }}
),

findings as (
    select
        cast(delivered_range.calendar_date as varchar) as partition_key,
        'missing_partition' as anomaly,
        cast(null as varchar) as raw_value,
        'no file of this day, though earlier and later days were delivered' as reason
    from delivered_range
    left join files on delivered_range.calendar_date = files.processing_date
    where files.processing_date is null

    union all

    select
        partition_key,
        'volume',
        cast(observed as varchar),
        cast(observed as varchar) || ' events where its own weekdays let expect ' || cast(round(expected, 1) as varchar)
    from volumes
),

final as (
    select
        'events' as feed,
        partition_key,
        cast(null as varchar) as file_name,
        anomaly,
        raw_value,
        'warning' as severity,
        reason
    from findings
)

select * from final
