"""What one more day of events costs as a warehouse grows: to a year of large days, and to 1,000 smaller ones.

Here: days that land in a warehouse which lives on; ingest, build and publish of each run, timed apart,
without Dagster. Up to each size the days come in one run, which is not measured; from there on day by day, in turns
with a young warehouse. Not here: what is in the files (event_rows.py).
"""

import shutil
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.config.settings import Settings
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.build import build_and_publish
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse

FILES = 3
YOUNG = 10
"""Days in the warehouse that the grown ones are compared with; it gets a day more with each of theirs."""
CURVES = {20_000: (100, 365), 2_000: (100, 365, 1_000)}
"""Events of a day -> days after which one more is measured."""
DAYS = 5
"""Least number of single days that are measured at each size."""
TARGET = 1.15
"""After a year of the larger days."""
FEEDS = ("events", "lines", "accounts", "limits")
ONE_SNAPSHOT = {"VSF_KEEP_SNAPSHOTS": "1", "VSF_KEEP_SNAPSHOT_HOURS": "0"}
"""Each snapshot is a copy of a year; nobody reads them here."""
STEPS = ("ingest", "build", "publish")
EXPLAINED = 5


@dataclass(frozen=True)
class Cost:
    """Seconds of one run by step, and of its build by model and test as dbt reports them.

    `processor` is the processor time of ingest and build, which other work on the machine changes least.
    """

    ingest: float
    build: float
    publish: float
    processor: float
    nodes: Counter[str]

    @property
    def job(self) -> float:
        """Ingest and build. Publish copies the whole warehouse, so it is told apart."""
        return self.ingest + self.build


class Days:
    """A warehouse into which days of events land, one after the other.

    Args:
        bench: sizes and kept files.
        settings: an empty home.
        count: events of a day.
    """

    def __init__(self, bench: Bench, settings: Settings, count: int):
        self._bench = bench
        self._count = count
        self._landed = 0
        self._warehouse = Warehouse.of(settings)
        dbt.ensure_manifest(settings)
        land(settings, bench.events().states(count))

    @property
    def megabytes(self) -> float:
        """Size of the warehouse's file."""
        return self._warehouse.file.stat().st_size / (1 << 20)

    def grow(self, size: int) -> Cost:
        """Land the days that are missing up to a size, and run once."""
        for number in range(self._landed, size):
            land(self._warehouse.settings, self._bench.events().day(number, self._count, FILES))
        self._landed = size
        return _run(self._warehouse)

    def add_day(self, costs: list[Cost]) -> float:
        """Land one day more and run; note the cost, return its seconds."""
        costs.append(self.grow(self._landed + 1))
        return costs[-1].job


def land(settings: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the landing zone."""
    landing = Path(settings.landing)
    landing.mkdir(parents=True, exist_ok=True)
    for path in paths:
        shutil.copyfile(path, landing / path.name)


def measure(bench: Bench) -> list[Row]:
    """Measure the days added at each size of each curve."""
    rows: list[Row] = []
    for events, sizes in CURVES.items():
        rows += _curve(bench, max(10, round(events * bench.scale)), sizes, TARGET if not rows else None)
    return rows


def _curve(bench: Bench, count: int, sizes: tuple[int, ...], target: float | None) -> list[Row]:
    """Measure days of `count` events at each size; the last one is told by step."""
    costs: dict[int, tuple[list[Cost], list[Cost]]] = {}
    megabytes: dict[int, float] = {}
    with bench.home(**ONE_SNAPSHOT) as young_home, bench.home(**ONE_SNAPSHOT) as old_home:
        young, old = Days(bench, young_home, count), Days(bench, old_home, count)
        young.grow(YOUNG)
        for size in sizes:
            bench.log(f"growth: to {size} days of {count:,} events")
            old.grow(size)
            megabytes[size] = old.megabytes
            before, after = costs[size] = [], []
            in_turns(max(DAYS, bench.repeat), partial(young.add_day, before), partial(old.add_day, after))
            bench.log(f"growth: takes longer after {size} days: {_explained(before[-1], after[-1])}")
    day = f"one more day of {count:,} events in {FILES} files, ingest and build"
    rows: list[Row] = []
    for size, (before, after) in costs.items():
        what = f"{day}, after {size:,} days ({megabytes[size]:,.0f} MB) / after {YOUNG}"
        rows.append(Row(what, _steps(after), _steps(before), target if size == sizes[-1] else None))
        rows.append(Row("… by processor time", _steps(after, "processor"), _steps(before, "processor")))
    return rows + [Row(f"… its {step}", _steps(after, step), _steps(before, step)) for step in STEPS]


def _steps(costs: list[Cost], step: str = "job") -> list[float]:
    return [getattr(cost, step) for cost in costs]


def _explained(before: Cost, after: Cost) -> str:
    """Return the models and tests that grew most."""
    grown = (after.nodes - before.nodes).most_common(EXPLAINED)
    return ", ".join(f"{name} +{seconds:.2f} s" for name, seconds in grown)


def _run(warehouse: Warehouse) -> Cost:
    """Ingest what landed, build what it changes, publish.

    Raises:
        RuntimeError: something failed, so there is nothing to measure.
    """
    start = time.process_time()
    with timed() as ingesting:
        done = ingest(warehouse, Selection(FEEDS), "benchmark")
    if done.left or done.failed or any(row.status != "loaded" for row in done.stored):
        raise RuntimeError(f"not every file was loaded: {done}")
    reported: dict[str, tuple[float, float]] = {}

    def log(text: str) -> None:
        reported[text.split()[0]] = time.perf_counter(), time.process_time()

    with timed() as both:
        report = build_and_publish(warehouse, "benchmark", only_if_pending=True, progress=log)
        ended = time.perf_counter()
    if report.outcome is None or report.problems or "publishing" not in reported:
        raise RuntimeError(f"nothing was published: {report.problems}")
    published, spent = reported["publishing"]
    publish = ended - published
    return Cost(ingesting.seconds, both.seconds - publish, publish, spent - start, _nodes(report.outcome))


def _nodes(outcome: dbt.DbtOutcome) -> Counter[str]:
    """Return the seconds of every model and test."""
    seconds = Counter(outcome.timings)
    for event in outcome.messages:
        if event["info"]["name"] == "LogTestResult":
            seconds[event["data"]["name"]] += event["data"]["execution_time"]
    return seconds
