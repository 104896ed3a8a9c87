with

files as (
    select * from {{ ref('int_ledger__files') }} where feed = 'events' and partition_key is not null
),

repeated as (
    select file_id, count(*) as repeats from {{ ref('int_mobile__repeated_events') }} group by file_id
),

-- A day whose files all failed has a volume of 0; a day far in the future or without a file has none.
volumes as (
    select
        cast(files.partition_key as date) as processing_date,
        cast(sum(files.rows_loaded - coalesce(repeated.repeats, 0)) as bigint) as observed
    from files
    left join repeated on files.file_id = repeated.file_id
    group by files.partition_key
    having
        max(case when files.status = 'loaded' then 1 else 0 end) = 1
        or cast(files.partition_key as date) <= (select max(cast(partition_key as date)) from files where status = 'loaded')
),

history as (
    select
        volumes.processing_date,
        earlier.observed,
        (volumes.processing_date - earlier.processing_date) % 7 = 0 as is_same_weekday
    from volumes
    inner join volumes as earlier
        on
            earlier.processing_date between volumes.processing_date - 56 and volumes.processing_date - 1
            and earlier.observed > 0
),

expected as (
    select
        processing_date,
        median(case when is_same_weekday then observed end) as expected,
        mad(case when is_same_weekday then observed end) as deviation,
        count(case when is_same_weekday then 1 end) as compared_days,
        min(observed) as lowest, max(observed) as highest
    from history
    group by processing_date
    having count(case when is_same_weekday then 1 end) > 0
),

spreads as (
    -- 1.4826 makes the deviation comparable with a standard deviation. The floors keep a lucky few days from looking
    -- like a law: a share of the expected volume, wider for fewer days, and the noise of counting.
    select
        *, greatest(1.4826 * deviation, expected * case when compared_days < 3 then 0.15 else 0.1 end, sqrt(expected)) as spread
    from expected
),

-- One or two weeks may themselves be odd: a volume seen before on any weekday is then no news.
bounds as (
    select
        *, greatest(least(expected - {{ var('volume_score') }} * spread, case when compared_days < 3 then lowest end), 0) as lower_bound,
        greatest(expected + {{ var('volume_score') }} * spread, case when compared_days < 3 then highest end) as upper_bound
    from spreads
),

final as (
    select
        'events' as feed, cast(volumes.processing_date as varchar) as partition_key,
        volumes.processing_date, volumes.observed,
        cast(bounds.expected as double) as expected,
        cast(bounds.lower_bound as double) as lower_bound,
        cast(bounds.upper_bound as double) as upper_bound,
        cast((volumes.observed - bounds.expected) / bounds.spread as double) as score,
        coalesce(bounds.compared_days, 0) as compared_days,
        coalesce(abs((volumes.observed - bounds.expected) / bounds.spread) >= {{ var('volume_score') }}, false)
            and (bounds.compared_days >= 3 or volumes.observed < bounds.lowest or volumes.observed > bounds.highest) as is_unusual
    from volumes
    left join bounds on volumes.processing_date = bounds.processing_date
)

select * from final
order by processing_date
