{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
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

{{ rows_unlike_the_ledger(tables, skipping='catalog') }}
