{{ config(
    meta={
        'dagster': {'ref': {'name': 'stg_ledger__files'}},
        'description': (
            'The raw tables of catalogs, their lists and looks hold exactly the rows the ledger says were loaded, and '
            ~ 'skipped types as many records as were skipped, file by file. Rows shown: files with more or fewer, and '
            ~ 'rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

{% set tables = {
    'songs': 'catalog', 'movies': 'catalog', 'apps': 'catalog', 'catalog_list': 'catalog_list',
    'catalog_looks': 'catalog_looks',
} %}

with

files as (
    select file_id, feed, file_name, rows_loaded, rows_skipped
    from {{ ref('stg_ledger__files') }}
    where feed in ('catalog', 'catalog_list', 'catalog_looks') and status = 'loaded'
),

stacked as (
    {% for table, feed in tables.items() %}
    select '{{ feed }}' as feed, _file_id, 1 as loaded, 0 as skipped from {{ source('raw', table) }}
    union all
    {% endfor %}
    select 'catalog', _file_id, 0, records from {{ source('raw', 'skipped_types') }}
),

counted as (
    select feed, _file_id, sum(loaded) as loaded, sum(skipped) as skipped
    from stacked
    group by feed, _file_id
),

final as (
    select
        coalesce(files.feed, counted.feed) as feed,
        counted._file_id,
        files.file_name,
        coalesce(files.rows_loaded, 0) as rows_loaded,
        coalesce(counted.loaded, 0) as loaded,
        coalesce(files.rows_skipped, 0) as rows_skipped,
        coalesce(counted.skipped, 0) as skipped
    from files
    full outer join counted on files.feed = counted.feed and files.file_id = counted._file_id
)

select * from final
where rows_loaded != loaded or rows_skipped != skipped
