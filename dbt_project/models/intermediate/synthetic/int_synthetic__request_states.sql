with

files as (
    select * from {{ ref('int_ledger__files') }} where status = 'loaded'
),

states as (
    select * from {{ ref('stg_synthetic__states') }}
),

reported as (
    select states.*, files.landed_at as state_at, files.landing_position
    from states
    inner join files on states.file_id = files.file_id
),

ranked as (
    select
        *,
        row_number() over (partition by request_id order by landing_position desc) as place,
        max(case when state = 'ready' then landing_position end) over (partition by file_path) as last_made_at
    from reported
),

final as (
    select
        request_id,
        -- Another request of the same name was given a file in its place.
        case when state = 'ready' and last_made_at > landing_position then 'replaced' else state end as state,
        reason,
        file_path,
        bytes,
        sha256,
        engine,
        state_at
    from ranked
    where place = 1
)

select * from final
