"""Insights about campaigns: what they earn, which banners were chosen, and by which rule.

Here: their declarations. Not here: why a banner was chosen (score_views.py and reports/campaign_explanation.py).
"""

from vsf_assets.portal.insights.insight import NUMBER, Insight, InsightFilter, column_of, counted, percent, total
from vsf_assets.snapshots.pool import Rows

SECTION = "Campaigns"
_SCORES, _BANNERS = "marts.fct_campaign_scores", "marts.fct_banner_performance"
_EMPTY = "It fills when impressions, clicks and conversions of a quarter are delivered."
_QUARTER = InsightFilter(
    "quarter",
    "Quarter",
    NUMBER,
    "quarter = {value}",
    f"select distinct quarter from [{_SCORES}] order by all",  # noqa: S608 - names of ours
)
_CAMPAIGN = InsightFilter("campaign", "Campaign", NUMBER, "campaign_id = {value}")

_CAMPAIGNS = f"""
select campaign_id, count(distinct banner_id) as banners, cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks, cast(sum(conversions) as bigint) as conversions, sum(revenue) as revenue
from [{_BANNERS}]
where {{where}}
group by campaign_id
order by revenue desc, campaign_id
"""  # noqa: S608 - names of ours

_CHOSEN = f"""
select campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule, converting_banners
from [{_SCORES}]
where {{where}}
order by campaign_id, quarter, rank
"""  # noqa: S608

_RULES = f"""
select quarter, rule, count(*) as banners, count(distinct campaign_id) as campaigns, sum(revenue) as revenue
from [{_SCORES}]
where {{where}}
group by quarter, rule
order by quarter, rule desc
"""  # noqa: S608


def _campaigns(rows: Rows) -> str:
    first, revenue = rows.rows[0], total(rows, "revenue")
    if not revenue:
        return f"{counted(len(rows.rows), 'campaign')}, and none earned anything"
    share = f", {percent(first[-1], revenue)} of what {counted(len(rows.rows), 'campaign')} earned"
    return f"Campaign {first[0]} earned most: {first[-1]:,.2f}{share}"


def _chosen(rows: Rows) -> str:
    campaigns = len({row[0] for row in rows.rows})
    return f"{counted(len(rows.rows), 'banner is', 'banners are')} chosen for {counted(campaigns, 'campaign')}"


def _rules(rows: Rows) -> str:
    earned = sum(row[2] for row in rows.rows if row[1] == "top_revenue")
    return f"{earned:,} of {counted(sum(column_of(rows, 'banners')), 'chosen banner')} are chosen by revenue"


INSIGHTS = (
    Insight(
        "campaigns",
        SECTION,
        "What campaigns earn",
        "Which campaigns earned most, and how do shown, clicked and sold relate?",
        _CAMPAIGNS,
        _campaigns,
        _EMPTY,
        (_QUARTER,),
        spec="campaigns",
        measure="revenue",
        chart_rows=20,
        link={"campaign_id": "/scores/{}/"},
    ),
    Insight(
        "scores",
        SECTION,
        "Chosen banners",
        "Which banners are shown for a campaign, and by which rule?",
        _CHOSEN,
        _chosen,
        _EMPTY,
        (_CAMPAIGN, _QUARTER),
        measure="revenue",
        columns={"converting_banners": "banners of the campaign that converted in the quarter"},
        link={"campaign_id": "/scores/{}/"},
    ),
    Insight(
        "rules",
        SECTION,
        "Rules of choice",
        "How many banners are chosen by revenue, by clicks, or at random?",
        _RULES,
        _rules,
        _EMPTY,
        (_QUARTER, _CAMPAIGN),
        spec="rules",
        columns={
            "rule": "top_revenue: it converted; most_clicked: clicked, never converted; random: only shown",
        },
    ),
)
