with

files as (
    select * from {{ ref('int_ledger__files') }} where feed = 'fake_requests'
),

requests as (
    select * from {{ ref('stg_synthetic__requests') }}
),

states as (
    select * from {{ ref('int_synthetic__request_states') }}
),

findings as (
    select file_id, min(reason) as reason
    from {{ ref('stg_ledger__findings') }}
    where severity = 'error'
    group by file_id
),

final as (
    select
        files.file_id as request_id,
        files.partition_key as request,
        requests.schema_name,
        requests.rows,
        requests.seed,
        requests.owner,
        requests.format,
        -- A request that could not be read failed before it began.
        case when files.status = 'unreadable' then 'failed' else coalesce(states.state, 'queued') end as state,
        coalesce(states.reason, findings.reason) as reason,
        case when states.state = 'ready' then states.file_path end as file_path,
        states.bytes,
        states.sha256,
        states.engine,
        files.landed_at as requested_at,
        coalesce(states.state_at, files.landed_at) as state_at
    from files
    left join requests on files.file_id = requests.file_id
    left join states on files.file_id = states.request_id
    left join findings on files.file_id = findings.file_id
    order by files.landing_position
)

select * from final
