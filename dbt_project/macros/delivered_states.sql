{# What belongs here: how delivered states of lines and accounts are read, and which repeat in a file. What does not:
   when a delivery takes effect (ledger.sql) and how states become versions (versions.sql). #}

{# A query with the rows of a state feed, `states` of staging, and the delivery they came with. #}
{% macro delivered_states(feed, states) -%}
with

states as (
    select * from {{ states }}
),

files as (
    select
        file_id,
        landing_position,
        {{ effective_date('file_name', 'landed_at') }} as effective_date
    from {{ ref('int_ledger__files') }}
    where feed = '{{ feed }}' and status = 'loaded'
),

final as (
    select
        files.file_id,
        states.line_number,
        files.landing_position,
        files.effective_date,
        states.* exclude (file_id, line_number)
    from states
    inner join files on states.file_id = files.file_id
)

select * from final
{%- endmacro %}

{# CTEs, the last called `final`: rows of a state feed whose key stood already in the same file, compared with the
   row that held until then. #}
{% macro repeated_states(states, key, attributes) -%}
compared as (
    select
        *,
        lag(line_number) over (partition by file_id, {{ key }} order by line_number) as replaced_line_number,
        {% for attribute in attributes -%}
        {{ attribute }} is not distinct from
        lag({{ attribute }}) over (partition by file_id, {{ key }} order by line_number) as is_same_{{ attribute }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ states }}
),

final as (
    select
        file_id,
        line_number,
        {{ key }},
        replaced_line_number,
        case
            when {% for attribute in attributes %}is_same_{{ attribute }}{% if not loop.last %} and {% endif %}{% endfor %}
                then 'duplicate_row'
            else 'duplicate_key'
        end as anomaly
    from compared
    where replaced_line_number is not null
)
{%- endmacro %}
