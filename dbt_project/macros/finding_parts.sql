{# Generated from the models findings__* by `make generated`; do not edit. The parts of reports.anomalies: a part with
   the column `file_id` is about a delivery; one with `feed` is about what was not delivered, and names it itself; one
   with `event_date` is about events, of which only some days are made again. #}
{% macro finding_parts() -%}
{{ return([
    {'model': 'findings__campaigns', 'is_about_a_file': true, 'has_counts': false, 'has_days': false},
    {'model': 'findings__catalog', 'is_about_a_file': true, 'has_counts': false, 'has_days': false},
    {'model': 'findings__catalog_objects', 'is_about_a_file': false, 'has_counts': false, 'has_days': false},
    {'model': 'findings__dataset_uploads', 'is_about_a_file': false, 'has_counts': false, 'has_days': false},
    {'model': 'findings__datasets', 'is_about_a_file': true, 'has_counts': false, 'has_days': false},
    {'model': 'findings__ledger', 'is_about_a_file': true, 'has_counts': true, 'has_days': false},
    {'model': 'findings__mobile', 'is_about_a_file': true, 'has_counts': false, 'has_days': true},
    {'model': 'findings__mobile_days', 'is_about_a_file': false, 'has_counts': false, 'has_days': false},
    {'model': 'findings__mobile_implausible', 'is_about_a_file': true, 'has_counts': false, 'has_days': true},
    {'model': 'findings__mobile_limits', 'is_about_a_file': true, 'has_counts': false, 'has_days': false},
    {'model': 'findings__mobile_states', 'is_about_a_file': true, 'has_counts': false, 'has_days': false},
]) }}
{%- endmacro %}
