{# A key is the md5 of the values joined by `|`, so every engine computes the same one.
   A null counts as an empty text instead of making the whole key null. #}
{% macro surrogate_key(values) -%}
    md5({% for value in values %}coalesce(cast({{ value }} as {{ dbt.type_string() }}), '')
        {%- if not loop.last %} || '|' || {% endif %}{% endfor %})
{%- endmacro %}
