"""Feeds of the campaign family: statistics by quarter of an hour, as CSV with a header."""

from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import QUARTERS
from vsf_assets.feeds.reading import NO_DESCRIPTION


def _campaign_feed(name: str, description: str) -> Feed:
    return Feed(
        name=name,
        family="campaigns",
        description=description,
        tables=(f"raw.{name}",),
        examples=(f"{name}_1.csv", f"{name}_1_again.csv", f"2026-01-05_{name}_4.csv.gz", f"2/{name}.csv"),
        not_ours=(f"my{name}_1.csv", f"{name}y_1.csv", f"{name[:-1]}_1.csv", f"{name}.schema.yaml"),
        partitioning=QUARTERS,
        names=(rf"^{NO_DESCRIPTION}.*(?<![a-z]){name}(?![a-z])",),
    )


FEEDS = (
    _campaign_feed("impressions", "Banner impressions of a campaign, one row per impression."),
    _campaign_feed("clicks", "Clicks on banners, one row per click."),
    _campaign_feed("conversions", "Sales that followed a click, one row per conversion, with revenue."),
)
