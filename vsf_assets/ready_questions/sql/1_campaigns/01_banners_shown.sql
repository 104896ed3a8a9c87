-- title: Which banners does a campaign show in a quarter, and why these?
-- parameter: campaign, whole number, 300: the campaign
-- parameter: quarter, whole number, 1: quarter of the hour, 1 to 4
select rank, banner_id, revenue, conversions, clicks, rule
from marts.fct_campaign_scores
where campaign_id = $campaign and quarter = $quarter
order by rank
