"""Scoring as a straightforward pandas script, and the shortest way to feed it: clean files, types declared.

Here: what an analyst would write by hand. It stops at the first bad cell, keeps no rows, knows no
lines and counts money in floats. Not here: the script that keeps the platform's promises
(pandas_complete.py).
"""

import hashlib
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.data import Files

KEYS = ["campaign_id", "banner_id"]
QUARTER = 1
WHOLE = "int64"


def score(files: Files, target: Path, seed: str) -> pd.DataFrame:
    """Read three clean files, write scores, sums and findings to a DuckDB file; return the scores.

    Args:
        files: the files of one quarter.
        target: the DuckDB file to make.
        seed: seed of the random order.
    """
    impressions = pd.read_csv(files.path("impressions"), dtype=WHOLE)
    clicks = pd.read_csv(files.path("clicks"), dtype=WHOLE)
    types = {"conversion_id": WHOLE, "click_id": WHOLE, "revenue": "float64"}
    conversions = pd.read_csv(files.path("conversions"), dtype=types)
    with duckdb.connect(str(target)) as connection:
        return write_scores(connection, impressions, clicks, conversions, seed)


def write_scores(
    connection: duckdb.DuckDBPyConnection,
    impressions: pd.DataFrame,
    clicks: pd.DataFrame,
    conversions: pd.DataFrame,
    seed: str,
) -> pd.DataFrame:
    """Settle, sum, score; write what was found and chosen; return the scores."""
    clicks, repeated_clicks = _settle(clicks, "click_id")
    conversions, repeated_conversions = _settle(conversions, "conversion_id")
    located = conversions.merge(clicks, on="click_id", how="left", indicator=True)
    unknown_clicks = located[located["_merge"] == "left_only"]
    known = located[located["_merge"] == "both"].astype(dict.fromkeys(KEYS, WHOLE))
    performance = _performance(impressions, clicks, known)
    unseen = performance.loc[performance["impressions"] == 0, KEYS]
    findings = {
        "repeated_clicks": repeated_clicks,
        "repeated_conversions": repeated_conversions,
        "unknown_clicks": unknown_clicks.drop(columns="_merge"),
        "unknown_banners": clicks.merge(unseen, on=KEYS),
    }
    scores = _choose(performance, seed)
    for name, frame in {**findings, "performance": performance, "scores": scores}.items():
        connection.register("frame", frame)
        connection.execute(f"create table {name} as select * from frame")
    return scores


def _settle(frame: pd.DataFrame, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first row of every id, and the rows that came again."""
    again = frame.duplicated(key, keep="first")
    return frame[~again], frame[again]


def _performance(impressions: pd.DataFrame, clicks: pd.DataFrame, conversions: pd.DataFrame) -> pd.DataFrame:
    """Sum each file by banner first, so that nothing multiplies."""
    by_banner = conversions.groupby(KEYS)["revenue"]
    sums = [
        impressions.groupby(KEYS).size().rename("impressions"),
        clicks.groupby(KEYS).size().rename("clicks"),
        by_banner.size().rename("conversions"),
        by_banner.sum().rename("revenue"),
    ]
    performance = pd.concat(sums, axis=1).fillna(0).reset_index()
    performance["revenue"] = performance["revenue"].round(6)
    return performance.astype({"impressions": WHOLE, "clicks": WHOLE, "conversions": WHOLE})


def _choose(performance: pd.DataFrame, seed: str) -> pd.DataFrame:
    """Apply the four scoring rules."""
    banners = performance.copy()
    banners["order"] = 3
    banners.loc[banners["clicks"] > 0, "order"] = 2
    banners.loc[banners["conversions"] > 0, "order"] = 1
    banners["rule"] = banners["order"].map({1: "top_revenue", 2: "most_clicked", 3: "random"})
    chance = banners[banners["order"] == 3]
    banners["random"] = ""
    banners.loc[chance.index, "random"] = [_random(seed, *pair) for pair in chance[KEYS].itertuples(index=False)]
    banners = banners.sort_values(
        ["campaign_id", "order", "revenue", "conversions", "clicks", "random", "banner_id"],
        ascending=[True, True, False, False, False, True, True],
    )
    campaigns = banners.groupby("campaign_id")
    banners["rank"] = campaigns.cumcount() + 1
    converting = (banners["conversions"] > 0).groupby(banners["campaign_id"]).transform("sum")
    wanted = converting.clip(upper=10).where(converting >= 5, 5)
    chosen = banners[banners["rank"] <= wanted].assign(quarter=QUARTER)
    return chosen[["campaign_id", "quarter", "rank", "banner_id", "revenue", "conversions", "clicks", "rule"]]


def _random(seed: str, campaign: int, banner: int) -> str:
    text = f"{seed}|{QUARTER}|{campaign}|{banner}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
