{%- set seed = "'" ~ env_var('VSF_SCORE_SEED', 'vsf') | replace("'", "''") ~ "'" %}
with

banners as (
    select * from {{ ref('fct_banner_performance') }}
),

candidates as (
    select
        *,
        case
            when conversions > 0 then 'top_revenue'
            when clicks > 0 then 'most_clicked'
            else 'random'
        end as rule,
        -- X of the scoring rules.
        count(case when conversions > 0 then 1 end) over (partition by campaign_id, quarter) as converting_banners
    from banners
),

shuffled as (
    select
        *,
        case
            when rule = 'random'
                then {{ surrogate_key([seed, 'quarter', 'campaign_id', 'banner_id']) }}
        end as random_order
    from candidates
),

-- One order serves all rules: converting banners first, then clicked ones, then the rest at random. Within
-- the clicked ones revenue and conversions are 0, within the rest clicks are 0 too, so ties fall as they should.
ranked as (
    select
        *,
        cast(row_number() over (
            partition by campaign_id, quarter
            order by
                case rule when 'top_revenue' then 1 when 'most_clicked' then 2 else 3 end,
                revenue desc,
                conversions desc,
                clicks desc,
                random_order,
                banner_id
        ) as integer) as rank
    from shuffled
),

final as (
    select
        banner_performance_key,
        campaign_id,
        quarter,
        rank,
        banner_id,
        revenue,
        conversions,
        clicks,
        rule,
        cast(converting_banners as integer) as converting_banners
    from ranked
    where rank <= case when converting_banners >= 10 then 10 when converting_banners >= 5 then converting_banners else 5 end
)

select * from final
order by campaign_id, quarter, rank
