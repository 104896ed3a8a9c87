{# What belongs here: which files may hold an id twice, found without hashing the ids. What does not: which of their
   rows do (repeated_rows.sql). #}

{# Per file the lowest and highest id, and whether every id is greater than the one before it. The window
   has no order on purpose: DuckDB then streams it, and an ascent in whatever order the rows are read
   proves that no id repeats. So a wrong guess about that order costs time, never a wrong answer. #}
{% macro id_ranges(rows, id) -%}
    select
        _file_id,
        min({{ id }}) as lowest_id,
        max({{ id }}) as highest_id,
        count(*) = 1 + count(case when is_ascent then 1 end) as is_ascending
    from (
        select
            _file_id,
            {{ id }},
            _file_id = lag(_file_id) over () and {{ id }} > lag({{ id }}) over () as is_ascent
        from {{ rows }}
    ) as steps
    group by _file_id
{%- endmacro %}

{# CTEs, the last called `candidates`: the files whose ids are not ascending, or whose range meets that of another file of
   the partition. #}
{% macro candidate_files(rows, files, partition, id) -%}
ranges as (
    select files.*, ranges.lowest_id, ranges.highest_id, ranges.is_ascending
    from ({{ id_ranges(rows, id) }}) as ranges
    inner join {{ files }} as files on ranges._file_id = files.file_id
),

-- A join on purpose: a correlated `exists` with two range conditions loses rows in DuckDB 1.5.5.
overlapping as (
    select ranges.file_id
    from ranges
    inner join ranges as others
        on
            ranges.{{ partition }} = others.{{ partition }}
            and ranges.file_id != others.file_id
            and ranges.lowest_id <= others.highest_id
            and ranges.highest_id >= others.lowest_id
),

candidates as (
    select *
    from ranges
    where not is_ascending or file_id in (select file_id from overlapping)
)
{%- endmacro %}
