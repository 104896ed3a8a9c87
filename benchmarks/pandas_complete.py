"""The same job as a pandas script that keeps the platform's promises: the like for like reference.

Here: what a script needs so that it may meet any file: digest, text first, bad cells found and kept
with their line, exact money, every good row stored with its line. Not here: the scoring, which it
shares with pandas_reference.py, and what no short script does (torn quotes, several deliveries,
transactions, snapshots).
"""

import hashlib
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.data import Files
from benchmarks.pandas_reference import write_scores

COLUMNS = {
    "impressions": ["banner_id", "campaign_id"],
    "clicks": ["click_id", "banner_id", "campaign_id"],
    "conversions": ["conversion_id", "click_id"],
}


def score_and_keep(files: Files, target: Path, seed: str) -> pd.DataFrame:
    """Read, check, store and score the three files; return the scores."""
    with duckdb.connect(str(target)) as connection:
        frames = {}
        for feed, whole in COLUMNS.items():
            good, bad, digest = _read(files.path(feed), whole)
            connection.execute("create table if not exists files (feed text, sha256 text, loaded bigint, bad bigint)")
            connection.execute("insert into files values (?, ?, ?, ?)", [feed, digest, len(good), len(bad)])
            for name, frame in ((f"raw_{feed}", good), (f"bad_{feed}", bad)):
                connection.register("frame", frame)
                money = ", revenue::decimal(18, 6) as revenue" if "revenue" in frame else ""
                columns = f"* exclude (revenue){money}" if money else "*"
                connection.execute(f"create table {name} as select {columns} from frame")
            frames[feed] = good
        frames["conversions"] = frames["conversions"].astype({"revenue": "float64"})
        return write_scores(connection, frames["impressions"], frames["clicks"], frames["conversions"], seed)


def _read(path: Path, whole: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return good rows with their line, bad rows as text with their line, and the file's digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    text.insert(0, "line", range(2, len(text) + 2))
    typed = text.copy()
    for column in whole:
        typed[column] = pd.to_numeric(text[column], errors="coerce")
    if "revenue" in text:
        typed["revenue"] = [_money(cell) for cell in text["revenue"]]
    is_bad = typed.isna().any(axis=1)
    good = typed[~is_bad].astype(dict.fromkeys(whole, "int64"))
    return good, text[is_bad], digest


def _money(cell: str) -> Decimal | None:
    try:
        amount = Decimal(cell)
    except InvalidOperation:
        return None
    return amount if amount == round(amount, 6) else None
