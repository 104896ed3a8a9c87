{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(meta=ledger_check()) }}

{% set tables = [
    {'table': 'events', 'feed': 'events', 'file_name': ''},
    {'table': 'lines', 'feed': 'lines', 'file_name': ''},
    {'table': 'accounts', 'feed': 'accounts', 'file_name': ''},
    {'table': 'limits', 'feed': 'limits', 'file_name': ''},
] %}

{{ mismatches_with_the_ledger(tables) }}
