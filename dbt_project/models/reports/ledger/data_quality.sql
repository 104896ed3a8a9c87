with

-- Read several times, of few columns each: copies would hold every delivery and every finding.
files as not materialized (
    select *, cast(landed_at as date) as landed_date from {{ ref('int_ledger__deliveries') }}
),

findings as not materialized (
    select *, cast(landed_at as date) as landed_date from {{ ref('anomalies') }} where landed_at is not null
),

totals as (
    select
        feed, partition_key, landed_date, count(*) as files,
        cast(sum(lines_read) as bigint) as rows_read, cast(sum(rows_quarantined) as bigint) as rows_quarantined
    from files
    group by feed, partition_key, landed_date
),

-- A row with several findings is one bad row; a line of a file that was not loaded is none.
by_file as (
    select
        feed, partition_key, landed_date, landed_at, file_name,
        count(distinct line_number) + coalesce(sum(unlisted_records), 0) as bad_rows
    from findings
    group by feed, partition_key, landed_date, landed_at, file_name
),

bad as (
    select feed, partition_key, landed_date, cast(sum(bad_rows) as bigint) as bad_rows
    from by_file
    where (feed, coalesce(partition_key, ''), file_name, landed_at) in (
        select (feed, coalesce(partition_key, ''), file_name, landed_at) from files where status = 'loaded'
    )
    group by feed, partition_key, landed_date
),

per_kind as ({{ ranked_counts('findings', 'anomaly') }}),

per_column as ({{ ranked_counts('findings', 'column_name', most=3) }}),

measured as (
    select
        totals.*,
        coalesce(bad.bad_rows, 0) as bad_rows,
        coalesce(per_kind.listed, '') as kinds,
        coalesce(per_column.listed, '') as worst_columns
    from totals
    {% for part in ['bad', 'per_kind', 'per_column'] %}
    left join {{ part }}
        on
            totals.feed = {{ part }}.feed
            and totals.partition_key is not distinct from {{ part }}.partition_key
            and totals.landed_date = {{ part }}.landed_date
    {% endfor %}
),

days as (
    select feed, landed_date, cast(sum(bad_rows) as double) / sum(rows_read) as share
    from measured
    group by feed, landed_date
    having sum(rows_read) > 0
),

history as (
    select
        feed, landed_date,
        median(share) over earlier as usual_share, count(*) over earlier as compared_days
    from days
    window earlier as (partition by feed order by landed_date rows between 28 preceding and 1 preceding)
)

select
    measured.* exclude (kinds, worst_columns),
    case when measured.rows_read > 0 then cast(measured.bad_rows as double) / measured.rows_read end as bad_share,
    measured.kinds, measured.worst_columns, history.usual_share,
    cast(coalesce(history.compared_days, 0) as bigint) as compared_days
from measured
left join history on measured.feed = history.feed and measured.landed_date = history.landed_date
order by measured.feed, measured.landed_date, measured.partition_key
