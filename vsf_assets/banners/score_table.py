"""The chosen banners of one snapshot, and the file that keeps them.

Here: an immutable table campaign -> quarter -> banners in the order of their rank, and its form as a file with a
digest, which a worker reads and which outlives a restart while the snapshots are out of reach. Not here: reading it
from a snapshot (loading.py), and the answers made of it (prepared.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FORM = 1
"""Number of the form of the file; a file of another form is not read."""

MOST_BANNERS = 64
"""Banners of a campaign and quarter that are served, the best ones; the scoring rules choose at most 10."""

Rule = str
Banners = tuple[tuple[int, Rule], ...]
"""(banner_id, the rule that chose it), by rank."""


class ScoreFileError(ValueError):
    """A file of chosen banners is damaged, or has another form."""


@dataclass(frozen=True)
class ScoreTable:
    """The chosen banners of a snapshot; `snapshot` is its number, `campaigns` maps campaign_id -> quarter -> banners.

    A table without campaigns is that of a snapshot without scores.
    """

    snapshot: int
    campaigns: Mapping[int, Mapping[int, Banners]]


def table_of(snapshot: int, rows: Iterable[tuple[int, int, int, str]]) -> ScoreTable:
    """Return the table of rows (campaign_id, quarter, banner_id, rule) in the order of campaign, quarter and rank."""
    campaigns: dict[int, dict[int, list[tuple[int, str]]]] = {}
    for campaign, quarter, banner, rule in rows:
        campaigns.setdefault(campaign, {}).setdefault(quarter, []).append((banner, rule))
    return ScoreTable(
        snapshot,
        {
            campaign: {quarter: tuple(banners[:MOST_BANNERS]) for quarter, banners in quarters.items()}
            for campaign, quarters in campaigns.items()
        },
    )


def to_bytes(table: ScoreTable) -> bytes:
    """Return the file of a table: the digest of the rest, and JSON."""
    content = json.dumps(
        {"form": FORM, "snapshot": table.snapshot, "slots": table.campaigns}, separators=(",", ":")
    ).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content + b"\n"


def from_bytes(file: bytes) -> ScoreTable:
    """Return the table of a file.

    Raises:
        ScoreFileError: the file is damaged, cut, or of another form.
    """
    digest, _, content = file.partition(b"\n")
    content = content.removesuffix(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ScoreFileError("the file is damaged")
    found = json.loads(content)
    if found.get("form") != FORM:
        raise ScoreFileError(f"the file has the form {found.get('form')} and not {FORM}")
    campaigns = {
        int(campaign): {
            int(quarter): tuple((int(banner), str(rule)) for banner, rule in banners)
            for quarter, banners in quarters.items()
        }
        for campaign, quarters in found["slots"].items()
    }
    return ScoreTable(int(found["snapshot"]), campaigns)
