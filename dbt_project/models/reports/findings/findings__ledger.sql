with

files as (
    select * from {{ ref('int_ledger__files') }}
),

findings as (
    select * from {{ ref('stg_ledger__findings') }}
),

loaded as (
    select * from files where status = 'loaded'
),

duplicates as (
    select repeats.file_id, 'duplicate_file' as anomaly, originals.*
    from files as repeats
    inner join loaded as originals
        on
            repeats.feed = originals.feed
            and repeats.partition_key is not distinct from originals.partition_key
            and repeats.sha256 = originals.sha256
    where repeats.status = 'duplicate_file'
),

firsts as (
    select feed, sha256, min(landing_position) as first_position
    from loaded
    group by feed, sha256
),

repeated_contents as (
    select loaded.file_id, 'repeated_content' as anomaly, originals.*
    from loaded
    inner join firsts on loaded.feed = firsts.feed and loaded.sha256 = firsts.sha256
    inner join loaded as originals on firsts.first_position = originals.landing_position
    -- Looks and lists of two sources, or dictionaries of two datasets, may well be equal.
    where
        loaded.partition_key is distinct from originals.partition_key
        and loaded.feed not in ('catalog_looks', 'catalog_list', 'datasets')
),

whole_files as (
    select * from duplicates
    union all
    select * from repeated_contents
),

about_files as (
    select
        file_id,
        anomaly,
        cast(null as varchar) as raw_value,
        'same content as ' || file_name || coalesce(' of partition ' || partition_key, '')
        || ', landed ' || cast(landed_at as varchar)
        || case
            when anomaly = 'duplicate_file' then '; it adds nothing, and nothing needs to be done'
            else '; was one of the two delivered under a wrong name?'
        end as reason
    from whole_files
    union all
    -- Landing order and days of effect go by the file's own time, which `cp -p` and unpackers bring along.
    select
        file_id, 'implausible_value', cast(landed_at as varchar),
        'the file''s own time cannot be when it landed: copy it without keeping times, or use vsf land'
    from files
    where landed_at < timestamp '2000-01-01' or landed_at >= timestamp '2100-01-01'
),

final as (
    select
        file_id, line_number, anomaly, column_name, raw_value, raw_text, severity, reason, records, unlisted_records
    from findings
    union all
    select file_id, null, anomaly, null, raw_value, null, 'warning', reason, 1, 0
    from about_files
)

select * from final
