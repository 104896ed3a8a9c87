{# What belongs here: reading the events that some days need. #}

{# CTEs, the last called `arrived`: rows of events of the days in a relation (column event_date), with their file and
   landing order. Only files that touch these days are read. #}
{% macro arrived_events(days) -%}
wanted_days as (
    select distinct event_date from {{ days }}
),

-- Of no days an empty range, which DuckDB leaves unread too; a null would be compared with every row.
wanted_range as (
    select
        coalesce(min(event_date), date '9999-12-31') as first_date,
        coalesce(max(event_date) + 1, date '0001-01-01') as end_date
    from wanted_days
),

wanted_files as (
    select
        files.file_id,
        files.landing_position,
        cast(files.partition_key as date) as processing_date
    from {{ ref('int_ledger__files') }} as files
    where
        files.file_id in (
            select file_days.file_id
            from {{ ref('int_mobile__event_files') }} as file_days
            inner join wanted_days on file_days.event_date = wanted_days.event_date
        )
),

arrived as (
    select
        wanted_files.file_id,
        events.line_number,
        {{ landing_order('wanted_files.landing_position', 'events.line_number') }} as arrival,
        wanted_files.processing_date,
        cast(events.event_time as date) as event_date,
        {{ date_key('cast(events.event_time as date)', is_plausible_event('cast(events.event_time as date)', 'wanted_files.processing_date')) }} as date_key,
        events.* exclude (file_id, line_number)
    from {{ ref('stg_mobile__events') }} as events
    -- The days once more as a range of the column itself: DuckDB then leaves out the groups of rows of other days unread.
    -- Their files cannot tell it, since ids of files are no order.
    inner join wanted_range on events.event_time >= wanted_range.first_date and events.event_time < wanted_range.end_date
    inner join wanted_files on events.file_id = wanted_files.file_id
    where cast(events.event_time as date) in (select event_date from wanted_days)
)
{%- endmacro %}
