"""Made-up campaign files for the benchmarks: seeded, made once, kept beside the local data.

Here: what is in the files and where they are kept. Not here: measuring, and the demo's samples
(vsf_assets/demo/). All four scoring rules fire; the `odd` files also hold repeats and strangers.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

IMPRESSIONS, CLICKS, CONVERSIONS = 10_000_000, 3_000_000, 300_000
FEEDS = ("impressions", "clicks", "conversions")
BANNERS, CAMPAIGNS = 500, 50
FIRST_CLICK = 100_000
SEED = 20


@dataclass(frozen=True)
class Files:
    """The files of one quarter, in one folder."""

    folder: Path

    def path(self, feed: str) -> Path:
        """Return the file of a feed."""
        return self.folder / f"{feed}_1.csv"

    def larger(self, feed: str, times: int) -> Path:
        """Return a file with the same rows several times over; it is made where missing."""
        target = self.folder / f"{feed}_1_x{times}.csv"
        if not target.exists():
            header, _, body = self.path(feed).read_bytes().partition(b"\n")
            _write_whole(target, [header, b"\n", *[body] * times])
        return target


def campaign_files(root: Path, scale: float, odd: bool = False, seed: int = SEED) -> Files:
    """Return the campaign files of a scale; they are made where missing.

    Args:
        root: folder of the benchmarks.
        scale: 1 is 10 million impressions.
        odd: with unordered ids, 1 % of them repeated, and with references to nothing.
        seed: which of all possible files.
    """
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    folder = root / f"files-{recipe}" / f"{scale:g}-{seed}{'-odd' if odd else ''}"
    if not folder.exists():
        temporary = folder.with_name(folder.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for feed, frame in _frames(scale, odd, seed).items():
            frame.write_csv(temporary / f"{feed}_1.csv")
        temporary.replace(folder)
    return Files(folder)


def _frames(scale: float, odd: bool, seed: int) -> "dict[str, pl.DataFrame]":
    from vsf_assets.synthetic.generator import generated_rows

    impressions = generated_rows(_pairs(CAMPAIGNS), round(IMPRESSIONS * scale), seed)
    # The last campaign has no clicks, so that its banners are chosen at random.
    click_id = {"name": "click_id", "type": "Sequence", "from": FIRST_CLICK}
    clicks = generated_rows([click_id, *_pairs(CAMPAIGNS - 1)], round(CLICKS * scale), seed + 1)
    converting = _converting(clicks)
    sold = [
        {"name": "conversion_id", "type": "Sequence", "from": 2000},
        {"name": "click_id", "type": "Integer", "to": len(converting) - 1},
        {"name": "revenue", "type": "Decimal", "from": 0.000001, "to": 2, "places": 6},
    ]
    conversions = generated_rows(sold, round(CONVERSIONS * scale), seed + 2)
    conversions = conversions.with_columns(converting.gather(conversions["click_id"]))
    frames = {"impressions": impressions, "clicks": clicks, "conversions": conversions}
    return _made_odd(frames, seed) if odd else frames


def _pairs(campaigns: int) -> list[dict[str, Any]]:
    return [
        {"name": "banner_id", "type": "Integer", "from": 1, "to": BANNERS},
        {"name": "campaign_id", "type": "Integer", "from": 1, "to": campaigns},
    ]


def _converting(clicks: "pl.DataFrame") -> "pl.Series":
    """Return ids of clicks that may convert: of campaigns 47, 48, 49 those on 7, 3 and 0 banners."""
    import polars as pl

    campaign, banner = pl.col("campaign_id"), pl.col("banner_id")
    few = ((campaign == 47) & (banner <= 7)) | ((campaign == 48) & (banner <= 3))
    return clicks.filter((campaign < 47) | few)["click_id"]


def _made_odd(frames: "dict[str, pl.DataFrame]", seed: int) -> "dict[str, pl.DataFrame]":
    """Repeat 1 % of the ids (half of them with other values), add strangers, shuffle."""
    import polars as pl

    clicks, conversions = frames["clicks"], frames["conversions"]
    stranger = pl.int_range(pl.len()) % 1000 == 7
    clicks = clicks.with_columns(pl.when(stranger).then(pl.col("banner_id") + BANNERS).otherwise("banner_id"))
    conversions = conversions.with_columns(pl.when(stranger).then(-pl.col("click_id")).otherwise("click_id"))
    return {
        **frames,
        "clicks": _repeated(clicks, "banner_id", seed),
        "conversions": _repeated(conversions, "revenue", seed),
    }


def _repeated(frame: "pl.DataFrame", changed: str, seed: int) -> "pl.DataFrame":
    import polars as pl

    again = frame.sample(fraction=0.01, seed=seed)
    other = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col(changed) % 7 + 1).otherwise(changed)
    rows = pl.concat([frame, again.with_columns(other.cast(frame.schema[changed]))])
    return rows.sample(fraction=1, shuffle=True, seed=seed)


def _write_whole(target: Path, parts: list[bytes]) -> None:
    temporary = target.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.writelines(parts)
    temporary.replace(target)
