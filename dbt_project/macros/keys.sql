{# A key is the md5 of the values joined by `|`, so every engine computes the same one.
   A null counts as an empty text instead of making the whole key null. #}
{% macro surrogate_key(values) -%}
    md5({% for value in values %}coalesce(cast({{ value }} as {{ dbt.type_string() }}), '')
        {%- if not loop.last %} || '|' || {% endif %}{% endfor %})
{%- endmacro %}

{# A number that two texts seldom share: bits of the md5. #}
{% macro short_hash(value) -%}
    cast(md5_number_lower({{ value }}) // 2 as bigint)
{%- endmacro %}
