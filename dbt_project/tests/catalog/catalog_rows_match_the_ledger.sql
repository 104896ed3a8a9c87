{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}
{{ config(meta=ledger_check()) }}

{% set tables = [
    {'table': 'catalog_looks', 'feed': 'catalog_looks', 'file_name': ''},
    {'table': 'catalog_list', 'feed': 'catalog_list', 'file_name': ''},
    {'table': 'songs', 'feed': 'catalog', 'file_name': ''},
    {'table': 'movies', 'feed': 'catalog', 'file_name': ''},
    {'table': 'apps', 'feed': 'catalog', 'file_name': ''},
] %}

{{ mismatches_with_the_ledger(tables, skipping='catalog') }}
