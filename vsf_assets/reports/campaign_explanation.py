"""Explains why the banners of a campaign and quarter are chosen, in words.

Here: the scoring rules as sentences, the reason of each banner, and the first one that is not chosen. Not here: the
rules themselves (dbt's fct_campaign_scores) and printing (cli/report_explain.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

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


@dataclass(frozen=True)
class ExplainedBanner:
    """A chosen banner with its score and the reason; `why` is a sentence without its end."""

    rank: int
    banner_id: int
    revenue: Decimal
    conversions: int
    clicks: int
    impressions: int
    rule: str
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
    rows = connection.execute(_BANNERS, [campaign, quarter]).fetchall()
    chosen = [row for row in rows if row[0] is not None]
    if not chosen:
        quarters = [str(number) for (number,) in connection.execute(_QUARTERS, [campaign]).fetchall()]
        what = f"campaign {campaign} has no banner in quarter {quarter}; it has in {', '.join(quarters)}"
        raise UsageError(what if quarters else f"no banner is chosen for a campaign {campaign}; see: vsf report scores")
    converting = sum(row[3] > 0 for row in rows)
    clicked = sum(row[3] == 0 and row[4] > 0 for row in rows)
    banners = [
        ExplainedBanner(*row, _why(row, chosen[place + 1] if place + 1 < len(chosen) else None, converting, clicked))
        for place, row in enumerate(chosen)
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
        return f"{converting} {are} converted (1 to 4): they by revenue, then the most clicked, then others, to 5{fewer}"
    return f"no banner converted: the 5 most clicked, then others{fewer}"


def _why(row: Sequence[object], after: Sequence[object] | None, converting: int, clicked: int) -> str:
    rank, _, revenue, conversions, clicks, _, rule = row
    assert isinstance(rank, int)
    tie = _tie(row, after) if after is not None and after[6] == rule else ""
    if rule == "top_revenue":
        return f"{ordinal(rank)} of {converting} by revenue ({revenue}){tie}"
    if rule == "most_clicked":
        return f"no conversion; {ordinal(rank - converting)} of {clicked} by clicks ({clicks}){tie}"
    return f"no conversion and no click; {ordinal(rank - converting - clicked)} in the order of the seed"


def _tie(row: Sequence[object], after: Sequence[object]) -> str:
    """Return why a banner comes before the next one of its rule, with a semicolon; empty if its number says it."""
    decisive = 4 if row[6] == "most_clicked" else 2
    if row[decisive] != after[decisive]:
        return ""
    same = "clicks" if decisive == 4 else "revenue"
    if decisive == 2 and row[3] != after[3]:
        return f"; before {after[1]} of the same {same} by more conversions"
    if decisive == 2 and row[4] != after[4]:
        return f"; before {after[1]} of the same {same} by more clicks"
    return f"; before {after[1]} of the same {same} by its lower id"


def _next_one(chosen: Sequence[Sequence[object]], others: Sequence[Sequence[object]]) -> str:
    if not others:
        return ""
    first = others[0]
    if first[3]:
        return f"{first[1]} is {ordinal(len(chosen) + 1)} by revenue ({first[2]})"
    if first[4]:
        return f"{first[1]} has no conversion and {first[4]} clicks"
    return f"{len(others)} have neither a conversion nor a click"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, …"""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
