{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(meta=ledger_check()) }}

{% set tables = [
    {'table': 'namespaces', 'feed': 'datasets', 'file_name': 'namespaces.csv'},
    {'table': 'columns', 'feed': 'datasets', 'file_name': 'columns.csv'},
    {'table': 'datapoints', 'feed': 'datasets', 'file_name': 'datapoints.csv'},
    {'table': 'dataset_changes', 'feed': 'dataset_changes', 'file_name': ''},
] %}

{{ mismatches_with_the_ledger(tables) }}
