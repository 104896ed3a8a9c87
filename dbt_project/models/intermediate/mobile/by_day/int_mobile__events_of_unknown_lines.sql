with

events as (
    select file_id, line_number, event_date, mdn from {{ ref('int_mobile__events_of_affected_days') }} where mdn is not null
),

known_lines as (
    select distinct mtn from {{ ref('int_mobile__line_versions') }}
),

final as (
    select
        events.file_id,
        events.line_number,
        events.event_date,
        events.mdn as mtn
    from events
    left join known_lines on events.mdn = known_lines.mtn
    where known_lines.mtn is null
)

select * from final
