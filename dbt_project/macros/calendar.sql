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

{# A query with one row per calendar year from that of `first` to that of `last`, both aggregates over `rows`. #}
{% macro years_between(first, last, rows) -%}
    select cast(unnest(range(first_year, last_year + 1)) as integer) as calendar_year
    from (select year({{ first }}) as first_year, year({{ last }}) as last_year from {{ rows }}) as limits
    where first_year is not null
{%- endmacro %}

{# A query with one row per day of the years in `years` (column calendar_year). #}
{% macro days_of_years(years) -%}
    select cast(unnest(range(new_year, new_year + interval 1 year, interval 1 day)) as date) as calendar_date
    from (select cast(make_date(calendar_year, 1, 1) as timestamp) as new_year from {{ years }}) as first_days
{%- endmacro %}
