{{ config(
    meta={
        'dagster': {'ref': {'name': 'fct_campaign_scores'}},
        'description': (
            'Each campaign and quarter has as many banners as the rules ask for, or as it has, ranked from 1 without '
            ~ 'a gap. Rows shown: campaigns and quarters with too few, too many or broken ranks.'
        ),
    },
) }}

with

banners as (
    select
        campaign_id,
        quarter,
        count(*) as banners,
        count(case when conversions > 0 then 1 end) as converting_banners
    from {{ ref('fct_banner_performance') }}
    group by campaign_id, quarter
),

expected as (
    select
        *,
        -- At least 5 and at most 10, as many as converted between; never more than there are.
        least(banners, greatest(5, least(10, converting_banners))) as places
    from banners
),

chosen as (
    select campaign_id, quarter, count(*) as chosen, count(distinct rank) as ranks, min(rank) as first, max(rank) as last
    from {{ ref('fct_campaign_scores') }}
    group by campaign_id, quarter
),

final as (
    select campaign_id, quarter, places, chosen, ranks, first, last
    from expected
    full outer join chosen using (campaign_id, quarter)
)

select * from final
where
    places is distinct from chosen
    or ranks is distinct from chosen
    or first is distinct from 1
    or last is distinct from chosen
