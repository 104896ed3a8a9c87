{# What belongs here: what rows of an upload's file mean together. What does not: what a file calls its columns. #}

{# CTEs, the last called `final`: rows of `rows` whose key stood already in the same file, one row each. Of rows with
   one key the first stands; one that is equal to any row before it is a duplicate_row, another a duplicate_key. #}
{% macro repeated_in_file(rows, uploads, file_id, key, payload) -%}
repeated_keys as (
    select arrivals._file_id, arrivals.{{ key }}
    from {{ rows }} as arrivals
    inner join {{ uploads }} as uploads on arrivals._file_id = uploads.{{ file_id }}
    group by arrivals._file_id, arrivals.{{ key }}
    having count(*) > 1
),

suspects as (
    select arrivals.*
    from {{ rows }} as arrivals
    inner join repeated_keys
        on arrivals._file_id = repeated_keys._file_id and arrivals.{{ key }} = repeated_keys.{{ key }}
),

judged as (
    select
        _file_id as file_id,
        _line as line_number,
        {{ key }},
        min(_line) over (partition by _file_id, {{ key }}) as first_line_number,
        row_number() over (
            partition by _file_id, {{ key }}, {{ payload | join(', ') }}
            order by _line
        ) as occurrence
    from suspects
),

final as (
    select
        file_id,
        line_number,
        {{ key }},
        first_line_number,
        case when occurrence > 1 then 'duplicate_row' else 'duplicate_key' end as anomaly
    from judged
    where line_number > first_line_number
)
{%- endmacro %}

{# Rows of `rows` that stand in a version of a dataset, with the dataset and version. #}
{% macro standing_rows(rows, uploads, file_id, repeated) -%}
    select
        uploads.dataset,
        uploads.version,
        uploads.is_current,
        uploads.is_complete,
        arrivals.*
    from {{ rows }} as arrivals
    inner join {{ uploads }} as uploads on arrivals._file_id = uploads.{{ file_id }}
    left join {{ repeated }} as repeated
        on arrivals._file_id = repeated.file_id and arrivals._line = repeated.line_number
    where not uploads.is_repeat and repeated.file_id is null
{%- endmacro %}

{# The texts of a field that holds several, joined by `|`; none if it is empty. #}
{% macro texts_of(field) -%}
    case when {{ field }} is null then cast([] as varchar[]) else string_split({{ field }}, '|') end
{%- endmacro %}
