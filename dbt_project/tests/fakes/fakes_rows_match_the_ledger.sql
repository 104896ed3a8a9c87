{{ config(
    meta={
        'dagster': {'ref': {'name': 'stg_ledger__files'}},
        'description': (
            'The raw tables of made-up data hold exactly the rows the ledger says were loaded, file by file. Rows '
            ~ 'shown: files with more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

with

files as (
    select file_id, feed, file_name, rows_loaded
    from {{ ref('stg_ledger__files') }}
    where feed in ('fake_schemas', 'fake_requests', 'fake_states') and status = 'loaded'
),

counted as (
    {% for table in ['fake_schemas', 'fake_requests', 'fake_states'] %}
    select '{{ table }}' as feed, _file_id, count(*) as loaded
    from {{ source('raw', table) }}
    group by _file_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        coalesce(files.feed, counted.feed) as feed,
        counted._file_id,
        files.file_name,
        coalesce(files.rows_loaded, 0) as rows_loaded,
        coalesce(counted.loaded, 0) as loaded
    from files
    full outer join counted on files.feed = counted.feed and files.file_id = counted._file_id
)

select * from final
where rows_loaded != loaded
