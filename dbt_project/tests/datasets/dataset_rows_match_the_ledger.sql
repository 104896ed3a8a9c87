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
    {'table': 'namespaces', 'feed': 'datasets', 'file_name': 'namespaces.csv'},
    {'table': 'columns', 'feed': 'datasets', 'file_name': 'columns.csv'},
    {'table': 'datapoints', 'feed': 'datasets', 'file_name': 'datapoints.csv'},
    {'table': 'dataset_changes', 'feed': 'dataset_changes', 'file_name': ''},
] %}

{{ rows_unlike_the_ledger(tables) }}
