{# What belongs here: making days. #}

{# A query with one row per day from `first` up to and without `end`, both aggregates over `rows`; none if empty. #}
{% macro days_between(first, end, rows) -%}
    select cast(unnest(range(first_day, end_day, interval 1 day)) as date) as calendar_date
    from (
        select cast({{ first }} as timestamp) as first_day, cast({{ end }} as timestamp) as end_day
        from {{ rows }}
    ) as limits
    where first_day is not null
{%- endmacro %}
