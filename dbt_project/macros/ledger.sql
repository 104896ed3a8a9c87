{# What belongs here: what the ledger records of a delivery, and how raw tables are compared with it. #}

{# The date on which a delivery takes effect: the leading date of the file's name, else the landing date. A date that
   cannot be (2019-02-30, 9999-01-01) is none: the state of that file would be today's for ever. #}
{% macro effective_date(file_name, landed_at) -%}
    greatest(
        case
            when {{ is_plausible_date(named_date(file_name)) }} then {{ named_date(file_name) }}
            else cast({{ landed_at }} as date)
        end,
        date '0001-01-01'
    )
{%- endmacro %}

{# The leading date of a file's name, null where it has none or one that no calendar has. #}
{% macro named_date(file_name) -%}
    case when {{ begins_with_date(file_name) }} then try_cast(left({{ file_name }}, 10) as date) end
{%- endmacro %}

{# Whether a file's name begins like a date. #}
{% macro begins_with_date(file_name) -%}
    regexp_matches({{ file_name }}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([^0-9]|$)')
{%- endmacro %}

{# What the generated tests of raw tables against the ledger say in the UI, and at which asset. #}
{% macro ledger_check() -%}
    {{ return({
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'The raw tables hold exactly the rows the ledger says were loaded, file by file. Rows shown: files with '
            ~ 'more or fewer, and rows of no file. If it fails, run vsf rebuild.'
        ),
    }) }}
{%- endmacro %}

{# A query with one row per file whose rows in the raw tables differ in number from what the ledger says, or that the
   ledger does not know. `tables`: a list of {table, feed, file_name}, with the one name of the files whose rows the
   table holds, or '' where those of every file of the feed; `skipping`: the feed whose records of unknown types are
   counted in raw.skipped_types. #}
{% macro mismatches_with_the_ledger(tables, skipping=none) -%}
{%- set named = tables | selectattr('file_name') | map(attribute='feed') | unique | list -%}
with

files as (
    select
        file_id,
        feed,
        file_name,
        {% if named %}case when feed in ('{{ named | join("', '") }}') then file_name else '' end{% else %}''{% endif %} as member,
        rows_loaded,
        rows_skipped
    from {{ ref('int_ledger__files') }}
    where feed in ('{{ tables | map(attribute='feed') | unique | join("', '") }}') and status = 'loaded'
),

counted as (
    {% for counted in tables -%}
    select '{{ counted.feed }}' as feed, '{{ counted.file_name }}' as member, _file_id, count(*) as found, 0 as skipped
    from {{ source('raw', counted.table) }}
    group by _file_id
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
    {% if skipping -%}
    union all
    select '{{ skipping }}', '', _file_id, 0, sum(records)
    from {{ source('raw', 'skipped_types') }}
    group by _file_id
    {%- endif %}
),

by_file as (
    select feed, member, _file_id, sum(found) as found, sum(skipped) as skipped
    from counted
    group by feed, member, _file_id
),

final as (
    select
        coalesce(files.feed, by_file.feed) as feed,
        by_file._file_id,
        coalesce(files.file_name, nullif(by_file.member, '')) as file_name,
        coalesce(files.rows_loaded, 0) as rows_loaded,
        coalesce(by_file.found, 0) as rows_found,
        coalesce(files.rows_skipped, 0) as rows_skipped,
        coalesce(by_file.skipped, 0) as skipped_found
    from files
    full outer join by_file
        on
            files.feed = by_file.feed
            and files.member = by_file.member
            and files.file_id = by_file._file_id
)

select * from final
where rows_loaded != rows_found or rows_skipped != skipped_found
{%- endmacro %}
