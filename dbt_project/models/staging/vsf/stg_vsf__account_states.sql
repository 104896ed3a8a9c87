{{ config(materialized='ephemeral') }}

with

states as (
    select * from {{ source('raw', 'accounts') }}
),

files as (
    select
        file_id,
        landing_position,
        {{ effective_date('file_name', 'landed_at') }} as effective_date
    from {{ ref('stg_ledger__files') }}
    where feed = 'accounts' and status = 'loaded'
),

final as (
    select
        files.file_id,
        states._line as line_number,
        files.landing_position,
        files.effective_date,
        states.CUST_ACCT as cust_acct,
        states.SEGMENT_NAME as segment_name,
        states.SVC_PLAN as service_plan
    from states
    inner join files on states._file_id = files.file_id
)

select * from final
