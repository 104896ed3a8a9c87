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
    {'table': 'events', 'feed': 'events', 'file_name': ''},
    {'table': 'lines', 'feed': 'lines', 'file_name': ''},
    {'table': 'accounts', 'feed': 'accounts', 'file_name': ''},
    {'table': 'limits', 'feed': 'limits', 'file_name': ''},
] %}

{{ rows_unlike_the_ledger(tables) }}
