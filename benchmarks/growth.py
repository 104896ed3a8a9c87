"""What one more day of events costs as a warehouse grows: to a year of large days, and to 1,000 smaller ones.

Here: days that land in warehouses which live on; ingest, build and publish of each run, timed apart, without Dagster.
The days are measured in turns with those of a young warehouse. Not here: the homes that are grown before
(grown_homes.py), and what is in the files (event_rows.py).
"""

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import mean

from benchmarks.bench import Bench
from benchmarks.disks import rest
from benchmarks.grown_homes import FILES, Days, GrownHomes, build_all, ingest_landed
from benchmarks.growth_floor import bare_days
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.transform import dbt_runner as dbt

YOUNG = 10
"""Days in the warehouse that the grown ones are compared with; it gets a day more with each of theirs."""
CURVES = {20_000: (100, 365), 2_000: (100, 365, 1_000)}
"""Events of a day -> days after which more are measured."""
DAYS = 6
"""Least number of single days that are measured at each size. Each day ends with a checkpoint, which compresses the
last row group again, of at most 122,880 rows: what a day costs rises for six days of 20,000 events, and falls. Sizes
are compared by whole rounds of that, for they are at different places of it."""
TARGET = 1.15
"""After a year of the larger days."""
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


def prepare(bench: Bench) -> None:
    """Make the files and the grown homes, and the files of the days that are measured."""
    for events, sizes in CURVES.items():
        count = _events(bench, events)
        GrownHomes(bench, count).make((YOUNG, *sizes))
        for size in (YOUNG, *sizes):
            for number in range(size, size + 1 + _days(bench)):
                bench.events().day(number, count, FILES)


def measure(bench: Bench) -> list[Row]:
    """Measure the days added at each size of each curve."""
    prepare(bench)
    rows: list[Row] = []
    for events, sizes in CURVES.items():
        is_first = not rows
        rows += _curve(bench, _events(bench, events), sizes, TARGET if is_first else None)
        if is_first:
            rows += _floor(bench, _events(bench, events), sizes[-1])
    return rows


def _events(bench: Bench, events: int) -> int:
    return max(10, round(events * bench.scale))


def _days(bench: Bench) -> int:
    return max(DAYS, bench.repeat)


def _curve(bench: Bench, count: int, sizes: tuple[int, ...], target: float | None) -> list[Row]:
    """Measure days of `count` events at each size; the last one is told by step."""
    costs: dict[int, list[Cost]] = {size: [] for size in (YOUNG, *sizes)}
    megabytes: dict[int, float] = {}
    homes = GrownHomes(bench, count)
    with ExitStack() as stack:
        sides = []
        for size, of_size in costs.items():
            days = stack.enter_context(homes.copied(size))
            run_day(days)  # not measured: the first run reads the manifest, and much of the file for the first time
            megabytes[size] = days.warehouse.file.stat().st_size / (1 << 20)
            sides.append(partial(_add_day, days, of_size))
        bench.log(f"growth: single days of {count:,} events, after {', '.join(map(str, costs))} days")
        in_turns(_days(bench), *sides, is_alternating=True)
    young = costs[YOUNG]
    day = f"one more day of {count:,} events in {FILES} files, ingest and build"
    rows: list[Row] = []
    for size in sizes:
        after = costs[size]
        bench.log(f"growth: takes longer after {size} days: {_explained(young, after)}")
        what = f"{day}, after {size:,} days ({megabytes[size]:,.0f} MB) / after {YOUNG}"
        rows.append(Row(what, _steps(after), _steps(young), target if size == sizes[-1] else None))
        rows.append(Row("… by processor time", _steps(after, "processor"), _steps(young, "processor")))
        rows.append(_mean_row("… the mean of these days", _steps(after), _steps(young), rows[-2].at_most))
    return rows + [Row(f"… its {step}", _steps(after, step), _steps(young, step)) for step in STEPS]


def _floor(bench: Bench, count: int, size: int) -> list[Row]:
    """Measure bare DuckDB that appends the rows of a day to the same tables, after `size` days and after a few."""
    homes = GrownHomes(bench, count)
    with ExitStack() as stack:
        sides = [stack.enter_context(bare_days(homes, number)).add for number in (size, YOUNG)]
        bench.log(f"growth: its floor, after {size} and {YOUNG} days")
        for add in sides:
            add()  # not measured, as the first day of the platform
        grown, young = in_turns(_days(bench), *sides, is_alternating=True)
    what = f"… its floor: bare DuckDB appends these rows, one checkpoint, after {size} days / after {YOUNG}"
    return [Row(what, grown, young), _mean_row("… the mean of these days", grown, young)]


def _mean_row(what: str, ours: list[float], reference: list[float], target: float | None = None) -> Row:
    return Row(what, [mean(ours)], [mean(reference)], target)


def _add_day(days: Days, costs: list[Cost]) -> float:
    """Run one day more on a disk at rest; note the cost, return its seconds."""
    rest()
    costs.append(run_day(days))
    return costs[-1].job


def _steps(costs: list[Cost], step: str = "job") -> list[float]:
    return [getattr(cost, step) for cost in costs]


def _explained(before: list[Cost], after: list[Cost]) -> str:
    """Return the models and tests that grew most, by their mean."""
    spent: Counter[str] = Counter()
    for cost in after:
        spent.update({name: seconds / len(after) for name, seconds in cost.nodes.items()})
    for cost in before:
        spent.subtract({name: seconds / len(before) for name, seconds in cost.nodes.items()})
    return ", ".join(f"{name} +{seconds:.2f} s" for name, seconds in spent.most_common(EXPLAINED))


def run_day(days: Days) -> Cost:
    """Land a day, ingest it, build what it changes, publish."""
    days.land_another()
    start = time.process_time()
    with timed() as ingesting:
        ingest_landed(days.warehouse)
    reported: dict[str, tuple[float, float]] = {}

    def log(text: str) -> None:
        reported[text.split()[0]] = time.perf_counter(), time.process_time()

    with timed() as both:
        report = build_all(days.warehouse, log)
        ended = time.perf_counter()
    assert report.outcome is not None
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
