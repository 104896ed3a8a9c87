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
    {'table': 'fake_schemas', 'feed': 'fake_schemas', 'file_name': ''},
    {'table': 'fake_requests', 'feed': 'fake_requests', 'file_name': ''},
    {'table': 'fake_states', 'feed': 'fake_states', 'file_name': ''},
] %}

{{ rows_unlike_the_ledger(tables) }}
