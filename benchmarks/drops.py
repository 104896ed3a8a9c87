"""From a dropped file to the moved pointer of the snapshot, while the service is idle.

Here: a service on a home of its own with the demo's files, and files of one row that are dropped at random moments, by
an atomic rename as a sender does, and by `vsf land`. Every figure is compared with `python -c "import dagster"` of the
same run, in turns. Not here: what a run costs by step (explain.py).
"""

import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row
from vsf_assets.config.settings import Settings, child_environment

DROPS, LANDED = 20, 10
"""How many files are dropped, and how many `vsf land` puts there."""

MEDIAN, P95, MEDIAN_LANDED = 8.0, 12.0, 6.5
"""Targets, as ratios to the import of Dagster."""

SECONDS = 180.0
"""How long to wait for a snapshot."""


def measure(bench: Bench) -> list[Row]:
    """Drop files into an idle service."""
    chance = random.Random(20)
    with bench.home() as settings, _service(settings) as environment:
        imports, dropped, landed = [], [], []
        for number in range(DROPS + LANDED):
            imports.append(_import_dagster())
            time.sleep(chance.uniform(6, 12))
            put = partial(_drop, settings) if number < DROPS else partial(_land, settings, environment)
            seconds = _until_published(settings, put, _row(number))
            (dropped if number < DROPS else landed).append(seconds)
            bench.log(f"drop {number + 1}: {seconds:.1f} s")
    slow = sorted(dropped)[int(0.95 * len(dropped)) - 1]
    what = "a file of one row / import dagster"
    return [
        Row(f"dropped {what}, median of {DROPS}", dropped, imports, MEDIAN),
        Row("… 95th percentile", [slow], imports, P95),
        Row(f"landed by `vsf land`: {what}, median of {LANDED}", landed, imports, MEDIAN_LANDED),
    ]


@contextmanager
def _service(settings: Settings) -> Iterator[dict[str, str]]:
    """Run the service of a home until the block ends; yield the environment of its commands."""
    environment = child_environment({"VSF_HOME": str(settings.home), "VSF_SETTLE_SECONDS": "2"})
    vsf = [sys.executable, "-m", "vsf_assets.cli.main"]
    subprocess.run([*vsf, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = (settings.home / "service.out").open("wb")
    port = 30000 + os.getpid() % 20000
    service = subprocess.Popen([*vsf, "serve", "--port", str(port)], env=environment, stdout=log, stderr=log)
    try:
        _wait_until_healthy(port)
        time.sleep(20)  # the first ticks and evaluations
        yield environment
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait()
        log.close()


def _wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise RuntimeError("the service does not get healthy")


def _import_dagster() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import dagster"], check=True)
    return time.perf_counter() - began


def _row(number: int) -> tuple[str, str]:
    """Return name and content of a campaign file of one row."""
    return f"clicks_1_{number}.csv", f"click_id,banner_id,campaign_id\n{900_000 + number},{number + 1},1\n"


def _drop(settings: Settings, name: str, content: str) -> float:
    """Put a file into the landing zone by an atomic rename; return the moment (monotonic)."""
    new = Path(settings.landing) / f".{name}.tmp"
    new.write_text(content)
    new.rename(Path(settings.landing) / name)
    return time.perf_counter()


def _land(settings: Settings, environment: dict[str, str], name: str, content: str) -> float:
    """Land a file by `vsf land`; return the moment at which the command ended."""
    file = settings.home / name
    file.write_text(content)
    command = [sys.executable, "-m", "vsf_assets.cli.main", "land", str(file)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter()


def _until_published(settings: Settings, put: object, row: tuple[str, str]) -> float:
    """Put a file and wait until the pointer has moved; return the seconds between the two."""
    pointer = Path(settings.snapshots) / "current.duckdb"
    before = pointer.readlink()
    began = put(*row)  # type: ignore[operator]
    while pointer.readlink() == before:
        if time.perf_counter() - began > SECONDS:
            raise RuntimeError(f"{row[0]} is not in a snapshot after {SECONDS:g} s")
        time.sleep(0.01)
    return float(time.perf_counter() - began)
