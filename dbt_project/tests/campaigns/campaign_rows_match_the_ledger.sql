{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(meta=ledger_check()) }}

{% set tables = [
    {'table': 'impressions', 'feed': 'impressions', 'file_name': ''},
    {'table': 'clicks', 'feed': 'clicks', 'file_name': ''},
    {'table': 'conversions', 'feed': 'conversions', 'file_name': ''},
] %}

{{ mismatches_with_the_ledger(tables) }}
