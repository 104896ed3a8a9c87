{{ config(materialized='ephemeral') }}

with

states as (
    select * from {{ source('raw', 'lines') }}
),

files as (
    select
        file_id,
        landing_position,
        {{ effective_date('file_name', 'landed_at') }} as effective_date
    from {{ ref('stg_ledger__files') }}
    where feed = 'lines' and status = 'loaded'
),

final as (
    select
        files.file_id,
        states._line as line_number,
        files.landing_position,
        files.effective_date,
        states.MTN as mtn,
        states.DEVICE_GROUPING as device_grouping,
        states.SALES_CHANNEL as sales_channel,
        states.SVC_ACT_DT as service_activation_date
    from states
    inner join files on states._file_id = files.file_id
)

select * from final
