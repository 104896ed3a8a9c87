-- title: Which banners are clicked often and never sell?
select campaign_id, banner_id, sum(clicks) as clicks
from marts.fct_banner_performance
group by campaign_id, banner_id
having sum(conversions) = 0 and sum(clicks) > 0
order by clicks desc, campaign_id, banner_id
limit 10
