{# What belongs here: how states become versions, and how a fact finds the version valid at its date.
   What does not: what a feed calls its columns. #}

{# CTEs, the last called `final`: one row per version of a key. `states` has the key, the attributes,
   effective_date, landing_position and line_number. #}
{% macro versions(states, key, attributes) -%}
latest as (
    select
        *,
        row_number() over (
            partition by {{ key }}, effective_date
            order by landing_position desc, line_number desc
        ) as recency
    from {{ states }}
),

-- Of rows with one key and effective date the last one to land holds.
effective as (
    select {{ key }}, effective_date, {{ attributes | join(', ') }}
    from latest
    where recency = 1
),

compared as (
    select
        *,
        lag(effective_date) over (partition by {{ key }} order by effective_date) as earlier_date,
        {% for attribute in attributes -%}
        lag({{ attribute }}) over (partition by {{ key }} order by effective_date) as earlier_{{ attribute }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from effective
),

-- An equal state adds no version.
changes as (
    select
        {{ key }},
        case when earlier_date is null then date '0001-01-01' else effective_date end as valid_from,
        {{ attributes | join(', ') }}
    from compared
    where
        earlier_date is null
        {% for attribute in attributes -%}
        or {{ attribute }} is distinct from earlier_{{ attribute }}
        {% endfor %}
),

final as (
    select
        {{ surrogate_key([key, 'valid_from']) }} as version_key,
        {{ key }},
        {{ attributes | join(', ') }},
        valid_from,
        lead(valid_from, 1, date '9999-12-31') over (partition by {{ key }} order by valid_from) as valid_to,
        lead(valid_from) over (partition by {{ key }} order by valid_from) is null as is_current
    from changes
)
{%- endmacro %}

{# Whether a date lies in a version. No `or` here: DuckDB would give up its hash join. #}
{% macro is_valid_at(version, day) -%}
    {{ day }} >= {{ version }}.valid_from
    and {{ day }} <= case when {{ version }}.is_current then date '9999-12-31' else {{ version }}.valid_to - 1 end
{%- endmacro %}

{# The member that stands for everything unknown has a key like any other, of 'unknown' since ever. #}
{% macro unknown_key() -%}
    {{ surrogate_key(["'unknown'", "'0001-01-01'"]) }}
{%- endmacro %}
