{{ config(
    severity='warn',
    meta={
        'dagster': {'ref': {'name': 'anomalies'}},
        'description': (
            'Every row refers to something that was delivered. Rows shown: files and columns with unknown references, '
            ~ 'how many and where the first is; reports.anomalies lists them all.'
        ),
    },
) }}

select
    feed,
    partition_key,
    file_name,
    column_name,
    count(*) as unknown_references,
    min(line_number) as first_line_number
from {{ ref('anomalies') }}
where anomaly = 'unknown_reference'
group by feed, partition_key, file_name, column_name
