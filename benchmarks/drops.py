"""From a dropped file to the moved pointer of the snapshot, while the service is idle.

Here: a service on a home of its own with the demo's files, and files of one row that are dropped at random moments, by
an atomic rename as a sender does, and by `vsf land`. Every figure is compared with `python -c "import dagster"` of the
same run, in turns. Not here: what a run costs by step (explain.py).
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row
from benchmarks.service import drop, row, running
from vsf_assets.config.settings import Settings

DROPS, LANDED = 20, 10
"""How many files are dropped, and how many `vsf land` puts there."""

MEDIAN, P95, MEDIAN_LANDED = 8.0, 12.0, 6.5
"""Targets, as ratios to the import of Dagster."""

SECONDS = 180.0
"""How long to wait for a snapshot."""


def measure(bench: Bench) -> list[Row]:
    """Drop files into an idle service."""
    chance = random.Random(20)
    with bench.home(VSF_SETTLE_SECONDS="2") as settings, running(settings) as (environment, _):
        imports: list[float] = []
        dropped: list[float] = []
        landed: list[float] = []
        for number in range(DROPS + LANDED):
            imports.append(_import_dagster())
            time.sleep(chance.uniform(6, 12))
            put = partial(drop, settings) if number < DROPS else partial(_land, settings, environment)
            seconds = _until_published(settings, put, row(number))
            (dropped if number < DROPS else landed).append(seconds)
            bench.log(f"drop {number + 1}: {seconds:.1f} s")
    slow = sorted(dropped)[int(0.95 * len(dropped)) - 1]
    what = "a file of one row / import dagster"
    return [
        Row(f"dropped: {what}, median of {DROPS}", dropped, imports, MEDIAN),
        Row("… 95th percentile", [slow], imports, P95),
        Row(f"landed by `vsf land`: {what}, median of {LANDED}", landed, imports, MEDIAN_LANDED),
    ]


def _import_dagster() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import dagster"], check=True)
    return time.perf_counter() - began


def _land(settings: Settings, environment: dict[str, str], name: str, content: str) -> float:
    """Land a file by `vsf land`; return the moment at which the command ended."""
    file = settings.home / name
    file.write_text(content)
    command = [sys.executable, "-m", "vsf_assets.cli.main", "land", str(file)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter()


def _until_published(settings: Settings, put: Callable[[str, str], float], named: tuple[str, str]) -> float:
    """Put a file and wait until the pointer has moved; return the seconds between the two."""
    pointer = Path(settings.snapshots) / "current.duckdb"
    before = pointer.readlink()
    began = put(*named)
    while pointer.readlink() == before:
        if time.perf_counter() - began > SECONDS:
            raise RuntimeError(f"{named[0]} is not in a snapshot after {SECONDS:g} s")
        time.sleep(0.01)
    return float(time.perf_counter() - began)
