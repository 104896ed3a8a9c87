"""`vsf report explain`: why the banners of a campaign and quarter are chosen.

Here: options and printed text. Not here: the reasons (reports/campaign_explanation.py).
"""

import json
from dataclasses import asdict

import click

from vsf_assets.cli.output import format_option, hand_over, render, say
from vsf_assets.cli.query import snapshot_of
from vsf_assets.config.settings import read_settings
from vsf_assets.reports.campaign_explanation import BannerScore, explain_choice

_NAMES = [*BannerScore._fields, "why"]


@click.command("explain")
@click.argument("campaign", type=int)
@click.argument("quarter", type=click.IntRange(1, 4))
@format_option
def explain(campaign: int, quarter: int, form: str) -> None:
    """Show rule, rank and reason of each banner that is chosen for CAMPAIGN in QUARTER."""
    with snapshot_of(read_settings()) as connection:
        found = explain_choice(connection, campaign, quarter)
    rows = [{**banner.score._asdict(), "why": banner.why} for banner in found.banners]
    if form == "json":
        content = {"campaign_id": campaign, "quarter": quarter, **asdict(found), "banners": rows}
        hand_over(json.dumps(content, default=str, indent=1), form)
        return
    if form == "table":
        say(f"campaign {campaign}, quarter {quarter}: {found.rule}.")
    cells = [tuple(str(row[name]) for name in _NAMES) for row in rows]
    hand_over(render(_NAMES, cells, form, frozenset(range(6))), form)
    if form == "table" and found.left_out:
        say(f"{found.left_out:,} other banner{'s are' if found.left_out > 1 else ' is'} not chosen: {found.next_one}.")
