{# What belongs here: the history of the entries of catalogs. #}

{# CTEs, the last called `final`: one row per payload that a key has had. #}
{% macro catalog_versions(table, derived=[]) -%}
{%- set entity = catalog_entities()[table] -%}
changes as (
    select * from {{ ref('int_catalog__' ~ table) }} where not is_equal
),

final as (
    select
        {{ entity['key'] }},
        row_number() over in_order as version_number,
        {% for column in derived + entity['payload'] -%}
        {{ column }},
        {% endfor -%}
        scanned_at as valid_from,
        lead(scanned_at) over in_order as valid_to,
        lead(scanned_at) over in_order is null as is_current,
        loaded_at as ingestion_time,
        profile,
        object_name,
        line_number
    from changes
    window in_order as (partition by {{ entity['key'] }} order by arrival)
)
{%- endmacro %}
