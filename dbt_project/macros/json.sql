{# What belongs here: reading JSON, which every engine does its own way. #}

{# One row per name of the JSON objects in `rows`: the columns `keys`, `name` and `value`. Strings come unescaped,
   everything else as JSON text. Of a name given twice the last value holds, as JSON parsers have it. #}
{% macro json_properties(rows, json, keys) -%}
    select
        {{ keys | join(', ') }},
        name,
        coalesce(json_value ->> '$', 'null') as value
    from (
        select
            {{ keys | join(', ') }},
            unnest(names) as name,
            unnest(json_values) as json_value,
            repeating_names,
            generate_subscripts(names, 1) as place
        from (
            select
                {{ keys | join(', ') }},
                names,
                json_values,
                -- Positions are looked at only where a name repeats; here this is asked once for an object, beside
                -- unnest() it would be asked once for each of its names.
                case when len(names) != list_unique(names) then names end as repeating_names
            from (
                select
                    {{ keys | join(', ') }},
                    json_keys({{ json }}) as names,
                    json_extract({{ json }}, '$.*') as json_values
                from {{ rows }}
            ) as objects
        ) as compared
    ) as properties
    where repeating_names is null or not list_contains(repeating_names[place + 1:], name)
{%- endmacro %}
