{{ config(
    severity='warn',
    meta={
        'dagster': {'ref': {'name': 'volume_anomalies'}},
        'description': (
            'No day of events departs from its own history. Rows shown: days that do, with what was expected and '
            ~ 'observed.'
        ),
    },
) }}

select processing_date, expected, observed, score, compared_days
from {{ ref('volume_anomalies') }}
