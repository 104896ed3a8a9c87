with

files as (
    select * from {{ ref('stg_ledger__files') }} where status = 'loaded'
),

states as (
    select * from {{ source('raw', 'fake_states') }}
),

numbered as (
    select
        states.request_id,
        states.state,
        states.reason,
        states.file_path,
        states.bytes,
        states.sha256,
        states.engine,
        files.landed_at as state_at,
        row_number() over (partition by states.request_id order by files.landing_position desc) as place
    from states
    inner join files on states._file_id = files.file_id
),

final as (
    select request_id, state, reason, file_path, bytes, sha256, engine, state_at
    from numbered
    where place = 1
)

select * from final
