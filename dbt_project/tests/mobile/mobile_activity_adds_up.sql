{{ config(
    meta={
        'dagster': {'ref': {'name': 'fct_activity_daily'}},
        'description': (
            'Per UTC date that was built again, the counts by file date, by line and by attributes have as many events, '
            ~ 'and as many before activation, as there are activity events. Rows shown: dates that differ.'
        ),
    },
) }}

with

affected as (
    select event_date from {{ ref('int_mobile__affected_days') }}
),

stacked as (
    select 'events' as part, event_date, 1 as events, cast(is_before_activation as integer) as early
    from {{ ref('fct_activity_events') }}

    union all

    select 'days', event_date, activity_events, 0 from {{ ref('int_mobile__event_days') }}

    union all

    select 'daily', event_date, events, events_before_activation from {{ ref('fct_activity_daily') }}

    union all

    select 'summary', event_date, events, events_before_activation from {{ ref('fct_activity_summary') }}
),

final as (
    select
        event_date,
        sum(case when part = 'events' then events else 0 end) as events,
        sum(case when part = 'days' then events else 0 end) as events_by_file_date,
        sum(case when part = 'daily' then events else 0 end) as events_by_line,
        sum(case when part = 'summary' then events else 0 end) as events_by_attributes,
        sum(case when part = 'events' then early else 0 end) as early,
        sum(case when part = 'daily' then early else 0 end) as early_by_line,
        sum(case when part = 'summary' then early else 0 end) as early_by_attributes
    from stacked
    where event_date in (select event_date from affected)
    group by event_date
)

select * from final
where
    events != events_by_file_date
    or events != events_by_line
    or events != events_by_attributes
    or early != early_by_line
    or early != early_by_attributes
