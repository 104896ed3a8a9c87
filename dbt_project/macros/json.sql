{# What belongs here: reading JSON, which every engine does its own way. #}

{# One row per name of the JSON objects in `rows`: the columns `keys`, `name` and `value`. Strings come unescaped,
   everything else as JSON text. Of a name given twice the last value holds, as JSON parsers have it. What compares the
   names of an object runs once for the object: beside `unnest` it would run once for each of its names. #}
{% macro json_properties(rows, json, keys) -%}
    select
        {{ keys | join(', ') }},
        name,
        coalesce(json_value ->> '$', 'null') as value
    from (
        select
            {{ keys | join(', ') }},
            unnest(case when last_places is null then names else list_select(names, last_places) end) as name,
            unnest(
                case when last_places is null then json_values else list_select(json_values, last_places) end
            ) as json_value
        from (
            select
                {{ keys | join(', ') }},
                names,
                json_values,
                -- A place is the last one of its name where the next pair has another name.
                case
                    when sorted_pairs is not null
                        then list_transform(
                            list_filter(
                                list_zip(sorted_pairs, sorted_pairs[2:]),
                                lambda two: two[2] is null or two[1][1] != two[2][1]
                            ),
                            lambda two: two[1][2]
                        )
                end as last_places
            from (
                select
                    {{ keys | join(', ') }},
                    names,
                    json_values,
                    -- (name, place), only where a name repeats
                    case
                        when len(names) != list_unique(names)
                            then list_sort(list_zip(names, range(1, len(names) + 1)))
                    end as sorted_pairs
                from (
                    select
                        {{ keys | join(', ') }},
                        json_keys({{ json }}) as names,
                        json_extract({{ json }}, '$.*') as json_values
                    from {{ rows }}
                ) as objects
            ) as compared
        ) as placed
    ) as properties
{%- endmacro %}
