{{ config(tags=['read_before_built']) }}

with

changed as (
    select event_date from {{ ref('int_mobile__changed_days') }}
),

ids as (
    select event_date, uuid_hash from {{ ref('int_mobile__shared_ids') }}
),

changed_ids as (
    select distinct uuid_hash from ids where event_date in (select event_date from changed)
),

several_dates as (
    {{ previous_build('int_mobile__events_on_several_dates', {'event_date': 'date', 'first_event_date': 'date'}) }}
),

days as (
    select event_date from changed
    union
    -- What is said of an id on one date depends on its other dates: those it has now …
    select ids.event_date
    from ids
    inner join changed_ids on ids.uuid_hash = changed_ids.uuid_hash
    union
    -- … and those whose first date may have lost it.
    select event_date
    from several_dates
    where first_event_date in (select event_date from changed)
),

final as (
    select event_date, {{ last_finished_build() }} as after_build from days
)

select * from final
order by event_date
