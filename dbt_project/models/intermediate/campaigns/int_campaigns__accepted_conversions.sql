with

conversions as (
    select * from {{ ref('stg_campaigns__conversions') }}
),

files as (
    select
        file_id,
        cast(partition_key as integer) as quarter
    from {{ ref('int_ledger__files') }}
    where feed = 'conversions' and status = 'loaded'
),

repeated as (
    select * from {{ ref('int_campaigns__repeated_conversions') }}
),

clicks as (
    select * from {{ ref('int_campaigns__accepted_clicks') }}
),

accepted as (
    select
        files.file_id,
        conversions.line_number,
        files.quarter,
        conversions.conversion_id,
        conversions.click_id,
        conversions.revenue
    from conversions
    inner join files on conversions.file_id = files.file_id
    left join repeated
        on files.file_id = repeated.file_id and conversions.line_number = repeated.line_number
    where repeated.line_number is null
),

final as (
    select
        accepted.file_id,
        accepted.line_number,
        accepted.quarter,
        accepted.conversion_id,
        accepted.click_id,
        clicks.banner_id,
        clicks.campaign_id,
        accepted.revenue
    from accepted
    left join clicks
        on accepted.quarter = clicks.quarter and accepted.click_id = clicks.click_id
)

select * from final
