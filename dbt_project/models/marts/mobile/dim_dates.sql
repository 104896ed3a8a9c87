with

event_days as (
    select * from {{ ref('int_mobile__event_days') }}
),

limits as (
    select * from {{ ref('int_mobile__limits') }}
),

-- A stray clock's 9999-12-31 must not make three million days, so only plausible dates bound the calendar.
days as (
    select event_date as fact_date from event_days where {{ is_plausible_event('event_date', 'processing_date') }}
    union all
    select processing_date from event_days where {{ is_plausible_date('processing_date') }}
    union all
    select limiting_date from limits where {{ is_plausible_date('limiting_date') }}
),

calendar as (
    {{ days_between('min(fact_date)', 'max(fact_date) + 1', 'days') }}
),

final as (
    select
        calendar_date,
        cast(year(calendar_date) as integer) as calendar_year,
        cast(quarter(calendar_date) as integer) as quarter,
        cast(month(calendar_date) as integer) as month,
        cast(day(calendar_date) as integer) as day_of_month,
        cast(isoyear(calendar_date) as integer) as iso_year,
        cast(weekofyear(calendar_date) as integer) as iso_week,
        cast(isodow(calendar_date) as integer) as day_of_week,
        dayname(calendar_date) as day_name,
        isodow(calendar_date) >= 6 as is_weekend,
        false as is_unknown
    from calendar

    union all

    select {{ unknown_date() }}, null, null, null, null, null, null, null, 'unknown', null, true
)

select * from final
order by calendar_date
