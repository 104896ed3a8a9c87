{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_mobile__event_days'}},
        'description': (
            'Every event delivered is an activity event, has no mdn, or repeats one; processing date by processing '
            ~ 'date. Rows shown: dates whose counts do not add up.'
        ),
    },
) }}

with

files as (
    select file_id, cast(partition_key as date) as processing_date, rows_loaded
    from {{ ref('int_ledger__files') }}
    where feed = 'events' and status = 'loaded'
),

-- Events are counted by day; that these counts are the facts' own is checked by mobile_activity_adds_up.
stacked as (
    select processing_date, rows_loaded as delivered, 0 as activity, 0 as without_mdn, 0 as repeated from files

    union all

    select processing_date, 0, activity_events, events - activity_events, 0 from {{ ref('int_mobile__event_days') }}

    union all

    select files.processing_date, 0, 0, 0, 1
    from {{ ref('int_mobile__repeated_events') }} as repeated
    inner join files on repeated.file_id = files.file_id
),

final as (
    select
        processing_date,
        sum(delivered) as delivered,
        sum(activity) as activity,
        sum(without_mdn) as without_mdn,
        sum(repeated) as repeated
    from stacked
    group by processing_date
)

select * from final
where delivered != activity + without_mdn + repeated
