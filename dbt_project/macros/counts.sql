{# What belongs here: counts as a text. What does not: which rows are counted. #}

{# Per feed, partition and day of landing of `rows`: the values of a column with how many findings it has (`records` for
   those that one of them stands for), the most frequent first, e.g. `missing_fields 12, duplicate_row 3`. Of a column only the first `most`. #}
{% macro ranked_counts(rows, column, most=none) -%}
    select feed, partition_key, landed_date, string_agg({{ column }} || ' ' || times, ', ' order by place) as listed
    from (
        select
            feed, partition_key, landed_date, {{ column }}, sum(coalesce(records, 1)) as times,
            row_number() over (
                partition by feed, partition_key, landed_date
                order by sum(coalesce(records, 1)) desc, {{ column }}
            ) as place
        from {{ rows }}
        where {{ column }} is not null
        group by feed, partition_key, landed_date, {{ column }}
    ) as counted
    {% if most is not none %}where place <= {{ most }}{% endif %}
    group by feed, partition_key, landed_date
{%- endmacro %}
