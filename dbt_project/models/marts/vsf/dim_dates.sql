with

event_days as (
    select * from {{ ref('stg_vsf__event_days') }}
),

limits as (
    select * from {{ ref('stg_vsf__limits') }}
),

days as (
    select event_date as fact_date from event_days
    union all
    select processing_date from event_days
    union all
    select limiting_date from limits
),

-- Whole years, so that a new day seldom changes the calendar: every year that has a fact, and all years between the
-- processing dates, which are checked. A stray clock's year 1 adds one year, not two thousand.
years as (
    select distinct cast(year(fact_date) as integer) as calendar_year from days
    union
    {{ years_between('min(processing_date)', 'max(processing_date)', 'event_days') }}
),

calendar as (
    {{ days_of_years('years') }}
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
        isodow(calendar_date) >= 6 as is_weekend
    from calendar
)

select * from final
order by calendar_date
