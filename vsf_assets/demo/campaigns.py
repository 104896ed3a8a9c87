"""Generates the demo's campaign files: impressions, clicks and conversions of four quarters.

Here: their content as bytes, a pure function of the seed. Not here: other families. The defects: a second delivery of
the same file, a late file that repeats half of its rows, short and long rows, bad values, unknown references, a
truncated gzip file, a file without rows.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from vsf_assets.demo.file_formats import csv_file, gzip_file

_Value = TypeVar("_Value")

CAMPAIGNS = {100: 3, 200: 4, 300: 7, 400: 12, 500: 16, 600: 8}
"""Campaign -> number of its banners; the sizes differ, so that every scoring rule applies to a campaign."""


def campaign_files(seed: int) -> dict[str, bytes]:
    """Return path in the landing zone -> content."""
    files: dict[str, bytes] = {}
    for quarter in range(1, 5):
        files |= _quarter(seed, quarter)
    files["clicks/1/clicks_1_again.csv"] = files["clicks/1/clicks_1.csv"]
    files["clicks/2/clicks_2_late.csv"] = _late(files["clicks/2/clicks_2.csv"])
    files["clicks/4/clicks_4_cut.csv.gz"] = gzip_file(files["clicks/4/clicks_4.csv"])[:-200]
    files["conversions/4/conversions_4_none.csv"] = b"conversion_id,click_id,revenue\n"
    return files


def _quarter(seed: int, quarter: int) -> dict[str, bytes]:
    """Return the three files of a quarter; clicks are drawn from impressions, conversions from clicks."""
    base = quarter * 10_000
    pairs = [(campaign * 10 + n, campaign) for campaign, count in CAMPAIGNS.items() for n in range(count)]
    impressions = _picked(pairs, 4_000, f"{seed} impressions {quarter}")
    # Only two banners of campaign 600 have clicks, so the ranking fills up with random banners.
    clickable = [pair for pair in impressions if pair[1] != 600 or pair[0] < 6002]
    clicks = [(base + n, *pair) for n, pair in enumerate(_picked(clickable, 900, f"{seed} clicks {quarter}"))]
    # Campaigns 100 and 600 have no conversions, 200 has few, so their banners are ranked by clicks.
    sold = [click for click in clicks if click[2] not in (100, 600) and (click[2] != 200 or click[1] < 2002)]
    revenues = _revenues(260, f"{seed} revenue {quarter}")
    conversions = [
        (base + n, click[0], revenue)
        for n, (click, revenue) in enumerate(zip(_picked(sold, 260, f"{seed} sold {quarter}"), revenues, strict=True))
    ]
    impression_lines = [f"{banner},{campaign}" for banner, campaign in impressions]
    click_lines = [f"{click},{banner},{campaign}" for click, banner, campaign in clicks]
    conversion_lines = [f"{conversion},{click},{revenue}" for conversion, click, revenue in conversions]
    if quarter == 3:
        impression_lines[10:10] = ["3001", "3001,300,extra", "banner,300", ""]
        click_lines[25:25] = [f"{base + 950},9999,300", '"never closed,300']
        conversion_lines[5:5] = [
            f"{base + 990},777777,1.500000",
            f"{base + 991},{base + 1},1.23456789",
            f"{base + 992},,2",
        ]
    return {
        f"impressions/{quarter}/impressions_{quarter}.csv": csv_file("banner_id,campaign_id", impression_lines),
        f"clicks/{quarter}/clicks_{quarter}.csv": csv_file("click_id,banner_id,campaign_id", click_lines),
        f"conversions/{quarter}/conversions_{quarter}.csv": csv_file(
            "conversion_id,click_id,revenue", conversion_lines
        ),
    }


def _picked(values: Sequence[_Value], count: int, seed: str) -> list[_Value]:
    """Draw values at random, with repetition."""
    from vsf_assets.synthetic.generator import generated_rows

    places = generated_rows([{"name": seed, "type": "Integer", "to": len(values) - 1}], count)
    return [values[place] for (place,) in places.rows()]


def _revenues(count: int, seed: str) -> list[str]:
    """Return random amounts of money with six decimal places."""
    from vsf_assets.synthetic.generator import generated_rows

    column = {"name": seed, "type": "Decimal", "from": 0.2, "to": 9, "places": 6}
    return [f"{amount:.6f}" for (amount,) in generated_rows([column], count).rows()]


def _late(clicks: bytes) -> bytes:
    """Return a late file: repeats the last rows, one of them changed, and adds new rows."""
    lines = clicks.decode().splitlines()
    repeated = lines[-100:]
    click, banner, campaign = repeated[0].split(",")
    repeated[0] = f"{click},{int(banner) + 1},{campaign}"
    return csv_file(lines[0], [*repeated, *_renumbered(lines[1:101])])


def _renumbered(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield ",".join([str(29_000 + number), *line.split(",")[1:]])
