with

event_files as (
    select file_id, loaded_at, event_date from {{ ref('int_mobile__event_files') }}
),

old_event_files as (
    {{ previous_build('int_mobile__event_files', {'file_id': 'bigint', 'loaded_at': 'timestamp', 'event_date': 'date'}) }}
),

-- Days of rows in files that came, were read again, or gave their place to an earlier delivery.
days_of_files as (
    {{ symmetric_difference('event_files', 'old_event_files', ['event_date']) }}
),

days_of_versions as (
    select event_date from {{ ref('int_mobile__version_days') }}
),

affected as (
    {{ before_this_build('transform_build_state', 'int_mobile__affected_days', {'event_date': 'date', 'after_build': 'bigint'}) }}
),

-- Days that a build without an end has made: what it knew then may be gone again.
days_of_unfinished as (
    select event_date from affected where after_build is not distinct from {{ last_finished_build() }}
),

final as (
    select event_date from days_of_files
    union
    select event_date from days_of_versions
    union
    select event_date from days_of_unfinished
)

select * from final
order by event_date
