{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'No content is loaded twice for a feed and quarter; impressions have no id by which it would be noticed '
            ~ 'later. Rows shown: contents loaded more than once.'
        ),
    },
) }}

select
    feed,
    partition_key,
    sha256,
    count(*) as deliveries,
    min(file_name) as first_name,
    max(file_name) as last_name
from {{ ref('int_ledger__files') }}
where feed in ('impressions', 'clicks', 'conversions') and status = 'loaded'
group by feed, partition_key, sha256
having count(*) > 1
