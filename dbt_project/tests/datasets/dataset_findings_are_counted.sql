{{ config(
    meta={
        'dagster': {'ref': {'name': 'dim_dataset_versions'}},
        'description': (
            'Each version of a dataset counts as many findings as reports.dataset_anomalies lists of it. Rows shown: '
            ~ 'versions that differ.'
        ),
    },
) }}

with

listed as (
    select dataset, version, count(*) as findings
    from {{ ref('dataset_anomalies') }}
    group by dataset, version
)

select
    coalesce(versions.dataset, listed.dataset) as dataset,
    coalesce(versions.version, listed.version) as version,
    versions.findings as counted,
    listed.findings as listed
from {{ ref('dim_dataset_versions') }} as versions
full outer join listed on versions.dataset = listed.dataset and versions.version = listed.version
where coalesce(versions.findings, -1) != coalesce(listed.findings, 0)
