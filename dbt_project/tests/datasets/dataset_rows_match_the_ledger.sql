{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'The raw tables hold exactly the rows the ledger says were loaded of datasets, file by file. Rows shown: '
            ~ 'files with more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

with

files as (
    select * from {{ ref('int_ledger__files') }} where feed = 'datasets' and status = 'loaded'
),

counted as (
    {% for member in ['namespaces', 'columns', 'datapoints'] %}
    select '{{ member }}.csv' as file_name, _file_id, count(*) as rows_found
    from {{ source('raw', member) }}
    group by _file_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        coalesce(files.file_name, counted.file_name) as file_name,
        counted._file_id,
        coalesce(files.rows_loaded, 0) as rows_loaded,
        coalesce(counted.rows_found, 0) as rows_found
    from files
    full outer join counted on files.file_id = counted._file_id and files.file_name = counted.file_name
)

select * from final
where rows_loaded != rows_found
