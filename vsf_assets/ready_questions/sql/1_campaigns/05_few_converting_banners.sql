-- title: Which campaigns sold so little that clicks had to decide?
select campaign_id, quarter, max(converting_banners) as converting_banners, count(*) as banners_shown
from marts.fct_campaign_scores
group by campaign_id, quarter
having max(converting_banners) < 5
order by campaign_id, quarter
