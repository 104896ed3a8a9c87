-- title: How many conversions does each campaign have, by quarter?
-- about: `all_quarters` is their sum. A campaign that was shown or clicked and never sold has zeros.
select
    campaign_id,
    coalesce(sum(conversions) filter (quarter = 1), 0) as quarter_1,
    coalesce(sum(conversions) filter (quarter = 2), 0) as quarter_2,
    coalesce(sum(conversions) filter (quarter = 3), 0) as quarter_3,
    coalesce(sum(conversions) filter (quarter = 4), 0) as quarter_4,
    sum(conversions) as all_quarters
from marts.fct_banner_performance
group by campaign_id
order by campaign_id
