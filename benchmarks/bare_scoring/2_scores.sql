-- Here: what each banner did in a quarter, and the four rules that choose among a campaign's banners.

create table bare.banner_performance as
with sums as (
    select quarter, campaign_id, banner_id, count(*) as impressions, 0 as clicks, 0 as conversions, 0 as revenue
    from raw.impressions
    inner join files on _file_id = file_id
    group by all
    union all
    select quarter, campaign_id, banner_id, 0, count(*), 0, 0
    from clicks
    where not is_repeat
    group by all
    union all
    select quarter, campaign_id, banner_id, 0, 0, count(*), sum(revenue)
    from conversions
    where not is_repeat and banner_id is not null
    group by all
)
select
    campaign_id,
    quarter,
    banner_id,
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(conversions) as bigint) as conversions,
    cast(sum(revenue) as decimal(18, 6)) as revenue
from sums
group by campaign_id, quarter, banner_id;

create table bare.campaign_scores as
with candidates as (
    select
        *,
        case when conversions > 0 then 'top_revenue' when clicks > 0 then 'most_clicked' else 'random' end as rule,
        count(*) filter (where conversions > 0) over (partition by campaign_id, quarter) as converting
    from bare.banner_performance
),
ranked as (
    select
        *,
        row_number() over (
            partition by campaign_id, quarter
            order by
                conversions > 0 desc,
                clicks > 0 desc,
                revenue desc,
                conversions desc,
                clicks desc,
                case when rule = 'random' then md5(concat_ws('|', $seed, quarter, campaign_id, banner_id)) end,
                banner_id
        ) as rank
    from candidates
)
select campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule
from ranked
where rank <= case when converting >= 10 then 10 when converting >= 5 then converting else 5 end
order by campaign_id, quarter, rank;
