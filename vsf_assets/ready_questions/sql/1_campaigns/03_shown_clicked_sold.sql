-- title: How do shown, clicked and sold relate?
select
    campaign_id,
    sum(impressions) as impressions,
    round(100.0 * sum(clicks) / nullif(sum(impressions), 0), 2) as clicks_per_100_impressions,
    round(100.0 * sum(conversions) / nullif(sum(clicks), 0), 2) as conversions_per_100_clicks,
    sum(revenue) as revenue
from marts.fct_banner_performance
group by campaign_id
order by revenue desc
