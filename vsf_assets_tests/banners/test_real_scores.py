"""Files in, banners out: what is served equals what the scoring rules choose, for each campaign and quarter.

Quarter 1 is real data of the samples; the others are made by the demo's generator with fifty campaigns. The rules are
computed here once more, from the files alone. Not here: dbt's own tests of the rules.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from vsf_assets.banners.loading import read_scores
from vsf_assets.cli.main import cli
from vsf_assets.demo import campaigns as demo
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets_tests.banners.driver import HOUR, Clock, Visitor, app_of, ask
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import CAMPAIGNS, Home

SIZES = {campaign * 100: 3 + campaign * 7 % 23 for campaign in range(1, 51)}
Pair = tuple[int, int]


def rows(content: bytes, columns: int) -> Iterator[list[str]]:
    """Yield the good rows of a file; those that the demo spoils have another number of columns, or no numbers."""
    for row in (line.split(",") for line in content.decode().splitlines()[1:]):
        if len(row) == columns and all(cell.replace(".", "", 1).isdigit() for cell in row):
            yield row


def chosen(files: dict[str, bytes], quarter: int) -> dict[Pair, list[int]]:
    """Return (campaign, quarter) -> banners by rank, by the rules of the scoring."""
    shown = {(int(campaign), int(banner)) for banner, campaign in rows(files["impressions"], 2)}
    clicks = {int(click): (int(campaign), int(banner)) for click, banner, campaign in rows(files["clicks"], 3)}
    counts = Counter(clicks.values())
    revenue, sold = defaultdict[Pair, Decimal](Decimal), Counter[Pair]()
    for _, click, amount in rows(files["conversions"], 3):
        if len(amount.partition(".")[2]) <= 6 and int(click) in clicks:
            revenue[clicks[int(click)]] += Decimal(amount)
            sold[clicks[int(click)]] += 1
    found = {}
    for campaign in {campaign for campaign, _ in shown | set(counts)}:
        banners = [pair for pair in shown | set(counts) if pair[0] == campaign]
        best = sorted((p for p in banners if sold[p]), key=lambda p: (-revenue[p], -sold[p], -counts[p], p[1]))
        clicked = sorted((p for p in banners if not sold[p] and counts[p]), key=lambda p: (-counts[p], p[1]))
        rest = sorted(
            (p for p in banners if not counts[p]),
            key=lambda p: hashlib.md5(f"vsf|{quarter}|{campaign}|{p[1]}".encode()).hexdigest(),
        )
        most = 10 if len(best) >= 10 else len(best) if len(best) >= 5 else 5
        found[campaign, quarter] = [banner for _, banner in (best + clicked + rest)[:most]]
    return found


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Home, dict[Pair, list[int]]]:
    """A home with four quarters built and published, and what the rules choose."""
    home = Home(tmp_path_factory.mktemp("scored") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "CAMPAIGNS", SIZES)
        made = {quarter: demo._quarter(11, quarter) for quarter in (2, 3, 4)}
    expected: dict[Pair, list[int]] = {}
    put_built_warehouse(home.settings)
    for quarter in range(1, 5):
        files = {
            feed: (samples / "campaigns" / "1" / f"{feed}_1.csv").read_bytes()
            if quarter == 1
            else made[quarter][f"{feed}/{quarter}/{feed}_{quarter}.csv"]
            for feed in CAMPAIGNS
        }
        for feed, content in files.items():
            home.land(f"{quarter}/{feed}_{quarter}.csv", content, quarter)
        expected |= chosen(files, quarter)
    home.ingest()
    build_pending(home.warehouse, checked=False)
    return home, expected


def test_each_of_two_hundred_pairs_serves_the_chosen_banners(scored: tuple[Home, dict[Pair, list[int]]]) -> None:
    home, expected = scored
    snapshot = current_snapshot(home.settings)
    assert snapshot is not None
    assert len(expected) == 200
    assert expected[23, 1] == [142, 199, 149, 282, 324, 308, 461, 207, 226, 116]
    assert {len(banners) for banners in expected.values()} > {4, 5, 6, 10}
    clock = Clock()
    app = app_of(read_scores(snapshot), clock)
    for (campaign, quarter), banners in expected.items():
        clock.now = HOUR + 60 * (15 * quarter - 8)
        listed = ask(app, f"/campaigns/{campaign}/banners").json
        assert [banner["banner_id"] for banner in listed["banners"]] == banners
        visitor = Visitor(app)
        assert {visitor.see(campaign) for _ in banners} == set(banners)
        assert listed["quarter"] == quarter


def test_the_command_explains_each_banner(
    scored: tuple[Home, dict[Pair, list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, expected = scored
    monkeypatch.setenv("VSF_HOME", str(home.root))
    for (campaign, quarter), banners in list(expected.items())[::17]:
        done = CliRunner().invoke(cli, ["report", "explain", str(campaign), str(quarter), "--format", "json"])
        found = json.loads(done.output)
        assert [banner["banner_id"] for banner in found["banners"]] == banners
        converting = [banner for banner in found["banners"] if banner["rule"] == "top_revenue"]
        assert len(converting) == min(found["converting"], 10)
        assert all(banner["why"] for banner in found["banners"])
    text = CliRunner().invoke(cli, ["report", "explain", "23", "1"]).output
    assert text.startswith("campaign 23, quarter 1: ")
    assert "(10 or more): the top 10 by revenue" in text
    assert "other banners are not chosen: " in text
    missing = CliRunner().invoke(cli, ["report", "explain", "100", "1"])
    assert "campaign 100 has no banner in quarter 1; it has in 2, 3, 4" in str(missing.exception)
    unknown = CliRunner().invoke(cli, ["report", "explain", "5", "1000"])
    assert unknown.exit_code == 2
