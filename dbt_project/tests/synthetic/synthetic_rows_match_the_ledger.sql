{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(meta=ledger_check()) }}

{% set tables = [
    {'table': 'fake_schemas', 'feed': 'fake_schemas', 'file_name': ''},
    {'table': 'fake_requests', 'feed': 'fake_requests', 'file_name': ''},
    {'table': 'fake_states', 'feed': 'fake_states', 'file_name': ''},
] %}

{{ mismatches_with_the_ledger(tables) }}
