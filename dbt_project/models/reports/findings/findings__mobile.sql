with

files as (
    select * from {{ ref('int_ledger__files') }}
),

repeated as (
    select * from {{ ref('int_mobile__repeated_events') }}
),

several_dates as (
    select * from {{ ref('int_mobile__events_on_several_dates') }}
),

unknown_lines as (
    select * from {{ ref('int_mobile__events_of_unknown_lines') }}
),

findings as (
    select
        repeated.file_id,
        repeated.line_number,
        repeated.event_date,
        repeated.anomaly,
        'uuid' as column_name,
        repeated.uuid as raw_value,
        case repeated.anomaly when 'duplicate_row' then 'repeats' else 'differs from' end
        || ' line ' || repeated.first_line_number || ' of ' || files.file_name || ', which stands' as reason
    from repeated
    inner join files on repeated.first_file_id = files.file_id

    union all

    select
        file_id,
        line_number,
        event_date,
        'duplicate_key',
        'uuid',
        uuid,
        'the same uuid is an event of ' || first_event_date || ' too; both stay'
    from several_dates

    union all

    select
        file_id,
        line_number,
        event_date,
        'unknown_reference',
        'mdn',
        mtn,
        'no such line was delivered; the event counts'
    from unknown_lines
),

final as (
    select
        file_id,
        line_number,
        anomaly,
        column_name,
        raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason,
        event_date
    from findings
)

select * from final
