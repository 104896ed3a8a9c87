{{ config(
    severity='warn',
    meta={
        'dagster': {'ref': {'name': 'data_quality'}},
        'description': (
            'The share of bad rows of a feed, on the day it landed last, is not far above its own history: at least '
            ~ 'twice the usual share and 5 points more, with three earlier days to compare. Rows shown: what landed '
            ~ 'that day; reports.anomalies lists the rows.'
        ),
    },
) }}

with

newest as (
    select feed, max(landed_date) as landed_date from {{ ref('data_quality') }} where rows_read > 0 group by feed
),

days as (
    select
        quality.feed, quality.landed_date,
        sum(quality.rows_read) as rows_read,
        sum(quality.bad_rows) as bad_rows,
        min(quality.usual_share) as usual_share,
        min(quality.compared_days) as compared_days
    from {{ ref('data_quality') }} as quality
    inner join newest on quality.feed = newest.feed and quality.landed_date = newest.landed_date
    group by quality.feed, quality.landed_date
)

select *
from days
where
    compared_days >= {{ var('bad_share_days') }}
    and bad_rows >= {{ var('bad_share_times') }} * usual_share * rows_read
    and bad_rows >= (usual_share + {{ var('bad_share_points') }}) * rows_read
