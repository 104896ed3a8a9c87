with

impressions as (
    select * from {{ ref('int_campaigns__banner_impressions') }}
),

clicks as (
    select * from {{ ref('int_campaigns__accepted_clicks') }}
),

conversions as (
    select * from {{ ref('int_campaigns__accepted_conversions') }}
),

-- Impressions repeat, so clicks never meet them row by row: each feed is summed first, then stacked.
stacked as (
    select quarter, campaign_id, banner_id, impressions, 0 as clicks, 0 as conversions, 0 as revenue
    from impressions

    union all

    select quarter, campaign_id, banner_id, 0, count(*), 0, 0
    from clicks
    group by quarter, campaign_id, banner_id

    union all

    -- A conversion of an unknown click belongs to no banner.
    select quarter, campaign_id, banner_id, 0, 0, count(*), sum(revenue)
    from conversions
    where banner_id is not null
    group by quarter, campaign_id, banner_id
),

final as (
    select
        {{ surrogate_key(['campaign_id', 'quarter', 'banner_id']) }} as banner_performance_key,
        campaign_id,
        quarter,
        banner_id,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue) as decimal(38, 6)) as revenue
    from stacked
    group by campaign_id, quarter, banner_id
)

select * from final
order by campaign_id, quarter, banner_id
