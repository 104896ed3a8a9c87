{{ config(materialized='ephemeral') }}

with

clicks as (
    select * from {{ ref('stg_campaigns__clicks') }}
),

files as (
    select
        file_id,
        cast(partition_key as integer) as quarter
    from {{ ref('int_ledger__files') }}
    where feed = 'clicks' and status = 'loaded'
),

repeated as (
    select * from {{ ref('int_campaigns__repeated_clicks') }}
),

final as (
    select
        files.file_id,
        clicks.line_number,
        files.quarter,
        clicks.click_id,
        clicks.banner_id,
        clicks.campaign_id
    from clicks
    inner join files on clicks.file_id = files.file_id
    -- `not exists` says the same, and costs six times as much here.
    left join repeated
        on files.file_id = repeated.file_id and clicks.line_number = repeated.line_number
    where repeated.line_number is null
)

select * from final
