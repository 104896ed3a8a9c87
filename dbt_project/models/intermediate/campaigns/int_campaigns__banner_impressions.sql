with

impressions as (
    select * from {{ ref('stg_campaigns__impressions') }}
),

files as (
    select
        file_id,
        cast(partition_key as integer) as quarter
    from {{ ref('int_ledger__files') }}
    where feed = 'impressions' and status = 'loaded'
),

-- Counted per file before the join with the ledger, so that millions of rows are not joined.
counted as (
    select
        file_id,
        campaign_id,
        banner_id,
        count(*) as impressions
    from impressions
    group by file_id, campaign_id, banner_id
),

final as (
    select
        files.quarter,
        counted.campaign_id,
        counted.banner_id,
        cast(sum(counted.impressions) as bigint) as impressions
    from counted
    inner join files on counted.file_id = files.file_id
    group by files.quarter, counted.campaign_id, counted.banner_id
)

select * from final
