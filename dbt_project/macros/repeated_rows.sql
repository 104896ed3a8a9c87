{# What belongs here: how repeated ids are found cheaply. What does not: what a feed calls its id. #}

{# One number that orders rows as they landed: first by delivery, then by line. #}
{% macro landing_order(landing_position, line_number) -%}
    {{ landing_position }} * 1000000000000 + {{ line_number }}
{%- endmacro %}

{# CTEs, the last called `final`: the rows of `rows` whose id stood already in the partition, one row each,
   with the row that stands. `files` needs file_id, landing_position and the column `partition`.
   Only files whose ids may repeat are hashed; files with ascending ids in ranges of their own are done. #}
{% macro repeated_rows(rows, files, partition, id, payload) -%}
{{ candidate_files(rows, files, partition, id) }},

candidate_rows as (
    select
        candidates.file_id,
        candidates.{{ partition }},
        arrivals._line as line_number,
        arrivals.{{ id }},
        {% for column in payload %}arrivals.{{ column }},
        {% endfor -%}
        {{ landing_order('candidates.landing_position', 'arrivals._line') }} as arrival
    from {{ rows }} as arrivals
    inner join candidates on arrivals._file_id = candidates.file_id
),

repeated_ids as (
    select {{ partition }}, {{ id }}, min(arrival) as first_arrival
    from candidate_rows
    group by {{ partition }}, {{ id }}
    having count(*) > 1
),

repeated as (
    select candidate_rows.*, repeated_ids.first_arrival
    from candidate_rows
    inner join repeated_ids
        on
            candidate_rows.{{ partition }} = repeated_ids.{{ partition }}
            and candidate_rows.{{ id }} = repeated_ids.{{ id }}
),

final as (
    select
        repeated.file_id,
        repeated.line_number,
        repeated.{{ partition }},
        repeated.{{ id }},
        firsts.file_id as first_file_id,
        firsts.line_number as first_line_number,
        case
            when {% for column in payload %}repeated.{{ column }} is not distinct from firsts.{{ column }}
                {%- if not loop.last %} and {% endif %}{% endfor %}
                then 'duplicate_row'
            else 'duplicate_key'
        end as anomaly
    from repeated
    inner join repeated as firsts
        on
            repeated.{{ partition }} = firsts.{{ partition }}
            and repeated.first_arrival = firsts.arrival
    where repeated.arrival > repeated.first_arrival
)
{%- endmacro %}

{# All columns of a row as one value to compare, without some. #}
{% macro row_without(rows, without) -%}
    row(*columns({{ rows }}.* exclude ({{ without | join(', ') }})))
{%- endmacro %}
