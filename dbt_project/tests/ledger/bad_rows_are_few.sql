{{ config(
    severity='warn',
    meta={
        'dagster': {'ref': {'name': 'files'}},
        'description': (
            'The share of quarantined rows per feed and partition stays below the setting bad_rows_share. Rows shown: '
            ~ 'partitions with more; reports.anomalies lists the rows.'
        ),
    },
) }}

select
    feed,
    partition_key,
    sum(lines_read) as lines_read,
    sum(rows_quarantined) as rows_quarantined
from {{ ref('files') }}
group by feed, partition_key
having sum(rows_quarantined) > {{ var('bad_rows_share') }} * sum(lines_read)
