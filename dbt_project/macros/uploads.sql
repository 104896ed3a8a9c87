{# What belongs here: what rows of an upload's file mean together. What does not: what a file calls its columns. #}

{# CTEs, the last called `repeated_<member>`: rows of `rows`, a table of an upload's file, whose key stood already in the
   same file, one row each. Of rows with one key the first stands; one that is equal to any row before it is a
   duplicate_row, another a duplicate_key. The table is named twice, since a CTE that is read twice is copied whole;
   and only rows with a repeated key, which are few, are compared in their other fields. #}
{% macro repeated_in_file(rows, uploads, member, key, payload) -%}
repeated_keys_of_{{ member }} as (
    select arrivals._file_id, arrivals.{{ key }}
    from {{ rows }} as arrivals
    inner join {{ uploads }} as uploads on arrivals._file_id = uploads.{{ member }}_file_id
    group by arrivals._file_id, arrivals.{{ key }}
    having count(*) > 1
),

numbered_{{ member }} as (
    select
        arrivals._file_id as file_id,
        arrivals._line as line_number,
        '{{ key }}' as key_name,
        arrivals.{{ key }} as key_value,
        min(arrivals._line) over (partition by arrivals._file_id, arrivals.{{ key }}) as first_line_number,
        row_number() over (
            partition by arrivals._file_id, arrivals.{{ key }}
            {%- for column in payload %}, arrivals.{{ column }}{% endfor %}
            order by arrivals._line
        ) as occurrence
    from {{ rows }} as arrivals
    inner join repeated_keys_of_{{ member }} as repeated
        on arrivals._file_id = repeated._file_id and arrivals.{{ key }} = repeated.{{ key }}
),

repeated_{{ member }} as (
    select
        file_id,
        line_number,
        key_name,
        key_value,
        first_line_number,
        case when occurrence > 1 then 'duplicate_row' else 'duplicate_key' end as anomaly
    from numbered_{{ member }}
    where line_number > first_line_number
)
{%- endmacro %}

{# Rows of `rows` that stand in a version of a dataset, with the dataset and version. #}
{% macro rows_of_current_uploads(rows, uploads, file_id) -%}
    select
        uploads.dataset,
        uploads.version,
        uploads.is_current,
        uploads.is_complete,
        arrivals.* exclude (file_id)
    from {{ rows }} as arrivals
    inner join {{ uploads }} as uploads on arrivals.file_id = uploads.{{ file_id }}
    left join {{ ref('int_datasets__repeated_rows') }} as repeated
        on arrivals.file_id = repeated.file_id and arrivals.line_number = repeated.line_number
    where not uploads.is_repeat and repeated.file_id is null
{%- endmacro %}

{# The texts of a field that holds several, joined by `|`; none if it is empty. #}
{% macro texts_of(field) -%}
    case when {{ field }} is null then cast([] as varchar[]) else string_split({{ field }}, '|') end
{%- endmacro %}
