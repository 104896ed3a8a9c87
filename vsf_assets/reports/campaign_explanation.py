"""Explains why the banners of a campaign and quarter are chosen, in words.

Here: the scoring rules as sentences, the reason of each banner, and the first one that is not chosen. Not here: the
rules themselves (dbt's fct_campaign_scores) and printing (cli/report_explain.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from vsf_assets.common.errors import UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The order of those that are not chosen does not matter but for the first of them, whose rule tells its place.
_BANNERS = """
    select s.rank, b.banner_id, b.revenue, b.conversions, b.clicks, b.impressions, s.rule
    from marts.fct_banner_performance as b
    left join marts.fct_campaign_scores as s using (banner_performance_key)
    where b.campaign_id = ? and b.quarter = ?
    order by s.rank nulls last, b.revenue desc, b.conversions desc, b.clicks desc, b.banner_id
"""
_QUARTERS = "select distinct quarter from marts.fct_campaign_scores where campaign_id = ? order by all"


class BannerScore(NamedTuple):
    """A banner of a campaign and quarter with its score; `rank` and `rule` are None if it is not chosen."""

    rank: int | None
    banner_id: int
    revenue: Decimal
    conversions: int
    clicks: int
    impressions: int
    rule: str | None


@dataclass(frozen=True)
class ExplainedBanner:
    """A chosen banner, and why it has its rank: a sentence without its end."""

    score: BannerScore
    why: str


@dataclass(frozen=True)
class Explanation:
    """Why banners are chosen.

    Attributes:
        converting: X, the number of the campaign's banners with a conversion.
        rule: the scoring rule that applies, as a sentence.
        banners: the chosen banners by rank.
        left_out: number of the campaign's banners that are not chosen.
        next_one: what would have been next, as a sentence; empty if all are chosen.
    """

    converting: int
    rule: str
    banners: Sequence[ExplainedBanner]
    left_out: int
    next_one: str


def explain_choice(connection: "DuckDBPyConnection", campaign: int, quarter: int) -> Explanation:
    """Return why the banners of a campaign and quarter are chosen.

    Raises:
        UsageError: no banner is chosen for them.
    """
    rows = [BannerScore(*row) for row in connection.execute(_BANNERS, [campaign, quarter]).fetchall()]
    chosen = [row for row in rows if row.rank is not None]
    if not chosen:
        quarters = [str(number) for (number,) in connection.execute(_QUARTERS, [campaign]).fetchall()]
        what = f"campaign {campaign} has no banner in quarter {quarter}; it has in {', '.join(quarters)}"
        raise UsageError(what if quarters else f"no banner is chosen for a campaign {campaign}; see: vsf report scores")
    converting = sum(row.conversions > 0 for row in rows)
    clicked = sum(row.conversions == 0 and row.clicks > 0 for row in rows)
    followers = [*chosen[1:], None]
    banners = [
        ExplainedBanner(row, _why(place, row, after, converting, clicked))
        for place, (row, after) in enumerate(zip(chosen, followers, strict=True), 1)
    ]
    others = rows[len(chosen) :]
    return Explanation(converting, _rule(converting, len(chosen)), banners, len(others), _next_one(chosen, others))


def _rule(converting: int, chosen: int) -> str:
    if converting >= 10:
        return f"{converting} banners converted (10 or more): the top 10 by revenue"
    if converting >= 5:
        return f"{converting} banners converted (5 to 9): all of them, by revenue"
    fewer = "" if chosen == 5 else f"; the campaign has {chosen} only"
    if converting:
        are = "banner" if converting == 1 else "banners"
        return (
            f"{converting} {are} converted (1 to 4): they by revenue, then the most clicked, then others, to 5{fewer}"
        )
    return f"no banner converted: the 5 most clicked, then others{fewer}"


def _why(place: int, row: BannerScore, after: BannerScore | None, converting: int, clicked: int) -> str:
    tie = _tie(row, after) if after is not None and after.rule == row.rule else ""
    if row.rule == "top_revenue":
        return f"{ordinal(place)} of {converting} by revenue ({row.revenue}){tie}"
    if row.rule == "most_clicked":
        return f"no conversion; {ordinal(place - converting)} of {clicked} by clicks ({row.clicks}){tie}"
    return f"no conversion and no click; {ordinal(place - converting - clicked)} in the order of the seed"


def _tie(row: BannerScore, after: BannerScore) -> str:
    """Return why a banner comes before the next one of its rule, with a semicolon; empty if its number says it."""
    if row.rule == "most_clicked":
        return f"; before {after.banner_id} of the same clicks by its lower id" if row.clicks == after.clicks else ""
    if row.revenue != after.revenue:
        return ""
    if row.conversions != after.conversions:
        by = "more conversions"
    else:
        by = "more clicks" if row.clicks != after.clicks else "its lower id"
    return f"; before {after.banner_id} of the same revenue by {by}"


def _next_one(chosen: Sequence[BannerScore], others: Sequence[BannerScore]) -> str:
    if not others:
        return ""
    first = others[0]
    if first.conversions:
        return f"{first.banner_id} is {ordinal(len(chosen) + 1)} by revenue ({first.revenue})"
    if first.clicks:
        return f"{first.banner_id} has no conversion and {first.clicks} clicks"
    return f"{len(others)} have neither a conversion nor a click"


def ordinal(number: int) -> str:
    """Return a number like 1st, 2nd, 3rd or 4th."""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
