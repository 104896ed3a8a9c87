-- title: What did each campaign earn, by quarter?
select
    campaign_id,
    sum(revenue) filter (quarter = 1) as quarter_1,
    sum(revenue) filter (quarter = 2) as quarter_2,
    sum(revenue) filter (quarter = 3) as quarter_3,
    sum(revenue) filter (quarter = 4) as quarter_4
from marts.fct_banner_performance
group by campaign_id
order by campaign_id
