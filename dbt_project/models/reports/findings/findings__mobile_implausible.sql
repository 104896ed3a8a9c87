with

events as (
    select * from {{ ref('int_mobile__implausible_events') }}
),

limits as (
    select * from {{ ref('int_mobile__limits') }} where occurrence = 1
),

lines as (
    select * from {{ ref('int_mobile__line_states') }}
),

dated_names as (
    select *
    from {{ ref('int_ledger__files') }}
    where feed in ('lines', 'accounts') and status = 'loaded' and {{ begins_with_date('file_name') }}
),

findings as (
    select
        file_id,
        line_number,
        'event_time' as column_name,
        cast(event_at as varchar) as raw_value,
        case
            when event_date > processing_date + {{ event_days_after() }}
                then 'more than {{ event_days_after() }} days after the processing date '
            when event_date < processing_date - {{ event_days_before() }}
                then 'more than {{ event_days_before() }} days before the processing date '
            else 'not within 1970 to 2099; the processing date is '
        end
        || processing_date || '; the event counts, but on no day of the calendar: check the clock of its sender' as reason,
        event_date
    from events

    union all

    select
        file_id, line_number, 'LIMITING_DT', cast(limiting_date as varchar),
        'not within 1970 to 2099; the limit counts, but on no day of the calendar: deliver it with its real date', null
    from limits
    where not {{ is_plausible_date('limiting_date') }}

    union all

    select
        file_id, line_number, 'SVC_ACT_DT', cast(service_activation_date as varchar),
        'not within 1970 to 2099; no event counts as before this activation: deliver the line with its real date', null
    from lines
    where not {{ is_plausible_date('service_activation_date') }}

    union all

    select
        file_id, null, null, left(file_name, 10),
        'the name begins with a date that cannot be (the calendar lacks it, or it is not within 1970 to 2099); the list took'
        || ' effect on the day it landed, ' || cast(landed_at as date) || ': rename it and deliver it again', null
    from dated_names
    where not coalesce({{ is_plausible_date(named_date('file_name')) }}, false)
),

final as (
    select
        file_id,
        cast(line_number as bigint) as line_number,
        'implausible_value' as anomaly,
        cast(column_name as varchar) as column_name,
        raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason,
        cast(event_date as date) as event_date
    from findings
)

select * from final
