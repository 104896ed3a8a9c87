{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(
    meta={
        'dagster': {'ref': {'name': 'stg_ledger__files'}},
        'description': (
            'The raw tables hold exactly the rows the ledger says were loaded, file by file. Rows shown: files with '
            ~ 'more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    },
) }}

{% set tables = [
    {'table': 'catalog_looks', 'feed': 'catalog_looks', 'file_name': ''},
    {'table': 'catalog_list', 'feed': 'catalog_list', 'file_name': ''},
    {'table': 'songs', 'feed': 'catalog', 'file_name': ''},
    {'table': 'movies', 'feed': 'catalog', 'file_name': ''},
    {'table': 'apps', 'feed': 'catalog', 'file_name': ''},
] %}

{{ rows_unlike_the_ledger(tables, skipping='catalog') }}
