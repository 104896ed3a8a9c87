"""A lake on this machine beside one file: storing a delivery, building, publishing, and one more day after a year.

Here: the same work in a home of each form, in turns. Not here: the file form beside its own references (ingest.py,
publishing.py, growth.py), and the homes that are grown before (grown_homes.py).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import mean

from benchmarks import ingest as one_file
from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.disks import rest
from benchmarks.events import EVENTS, WARM_EVENTS
from benchmarks.grown_homes import FILES, GrownHomes, settings_of
from benchmarks.growth import YOUNG, Cost, run_day
from benchmarks.ingest import ingest_file
from benchmarks.lake_floor import bare_rows
from benchmarks.measure import Row, in_turns, timed
from benchmarks.scoring import build
from benchmarks.steps import Step, timed_steps
from vsf_assets.publish.publish import newest_number, publish
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse import ledger
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms import duckdb_file, lake_index, local_lake
from vsf_assets.warehouse.forms.local_lake import LocalLake
from vsf_assets.warehouse.writer import Writer

SMALL_COMMITS = 10
"""Deliveries of each form that are stored one after the other."""
EVENT_FILE_TARGET = 1.2
YEAR, DAY_EVENTS, DAYS = 365, 20_000, 6
YEAR_TARGET = 1.2
"""Of a day after a year in a lake: its ingest, build and publish together, beside the same after YOUNG days."""
FORMS = (True, False)
"""Whether a home has a lake; ours is the one that has."""


def prepare(bench: Bench) -> None:
    """Make the files, the homes with many days, and those homes with a lake."""
    bench.files()
    for seed in range(SMALL_COMMITS):
        bench.small_files(seed)
    for events in (WARM_EVENTS, round(EVENTS * bench.scale)):
        bench.events().single(events)
    homes = _homes(bench)
    homes.make(_sizes(bench))
    homes.make_lakes(_sizes(bench))
    for size in _sizes(bench):
        for number in range(size, size + 1 + _days(bench)):
            bench.events().day(number, homes.count, FILES)


def measure(bench: Bench) -> list[Row]:
    """Measure the forms beside each other, then days in a lake."""
    prepare(bench)
    return [*_campaigns(bench), *_event_file(bench), *_one_more_day(bench)]


def _homes(bench: Bench) -> GrownHomes:
    return GrownHomes(bench, max(10, round(DAY_EVENTS * bench.scale)))


def _sizes(bench: Bench) -> tuple[int, int]:
    """Return the days of the young lake and of the grown one, which has fewer at a small scale."""
    return YOUNG, max(YOUNG + 1, round(YEAR * min(1.0, bench.scale * 10)))


def _days(bench: Bench) -> int:
    return max(DAYS, bench.repeat)


@contextmanager
def _warehouse(bench: Bench, has_lake: bool) -> Iterator[Warehouse]:
    """Yield an empty warehouse in a home of its own, with a lake or without one."""
    with bench.home() as empty:
        yield Warehouse.of(settings_of(empty.home, has_lake))


def _campaigns(bench: Bench) -> Iterator[Row]:
    """Measure small deliveries, full builds and publishes in a warehouse of each form that holds the campaign files."""
    with ExitStack() as stack:
        warehouses = [stack.enter_context(_warehouse(bench, has_lake)) for has_lake in FORMS]
        for warehouse in warehouses:
            dbt.ensure_manifest(warehouse.settings)
            for feed in FEEDS:
                ingest_file(warehouse, bench.files().path(feed))
        bench.log("lake: small deliveries")
        spent: list[list[dict[str, float]]] = [[] for _ in warehouses]
        sides = [partial(_small, bench, *each, count()) for each in zip(warehouses, spent, strict=True)]
        yield _row("a small delivery read and stored, in a lake / in one file", in_turns(SMALL_COMMITS, *sides))
        for step in dict.fromkeys(step for _, _, step in _STEPS):
            lake, file = ([steps[step] * 1000 for steps in each] for each in spent)
            yield Row(f"… of it {step}", lake, file if all(file) else None, unit="ms")
        bench.log("lake: full builds")
        sides = [partial(_timed_build, warehouse) for warehouse in warehouses]
        yield _row("a full build with its checks, in a lake / in one file", in_turns(bench.repeat, *sides))
        bench.log("lake: publishes")
        sides = [partial(_publish, warehouse) for warehouse in warehouses]
        yield _row("the publish of it, a lake / one file", in_turns(bench.repeat, *sides, is_alternating=True))


def _small(bench: Bench, warehouse: Warehouse, spent: list[dict[str, float]], numbers: Iterator[int]) -> float:
    path = bench.small_files(next(numbers)).path(FEEDS[-1])
    with timed() as clock, timed_steps(_STEPS) as steps:
        ingest_file(warehouse, path)
    spent.append(steps)
    return clock.seconds


_STEPS: list[Step] = [
    (local_lake, "copy_into", "copying the catalog"),
    (local_lake, "connect", "opening DuckDB"),
    (duckdb_file, "connect", "opening DuckDB"),
    (local_lake, "_attach", "attaching the catalog"),
    (lake_index, "head_of", "reading the newest version of the catalog"),
    (one_file, "read_one_file", "reading the file"),
    (Writer, "insert_rows", "inserting the rows"),
    (ledger, "_store", "writing the row of the ledger"),
    (one_file, "store_results", "the rest of the transaction, with its commit"),
    (LocalLake, "_finish", "flushing data files and catalog"),
]
"""Of a delivery, in the form that has them."""


def _timed_build(warehouse: Warehouse) -> float:
    with timed() as clock:
        build(warehouse)
    return clock.seconds


def _publish(warehouse: Warehouse) -> float:
    rest()
    with timed() as clock, warehouse.lock("benchmark"):
        publish(warehouse, newest_number(warehouse.settings) + 1)
    return clock.seconds


def _event_file(bench: Bench) -> Iterator[Row]:
    """Measure one large event file into a new warehouse of each form, and bare DuckDB that inserts its rows."""

    def ingest(path: Path, has_lake: bool) -> float:
        with _warehouse(bench, has_lake) as warehouse, timed() as clock:
            ingest_file(warehouse, path)
        return clock.seconds

    in_turns(1, *(partial(ingest, bench.events().single(WARM_EVENTS), has_lake) for has_lake in FORMS))
    events = round(EVENTS * bench.scale)
    bench.log("lake: a large event file")
    path = bench.events().single(events)
    figures = in_turns(bench.repeat, *(partial(ingest, path, has_lake) for has_lake in FORMS))
    yield _row(f"ingest of {events:,} events, into a lake / into one file", figures, EVENT_FILE_TARGET)
    with _warehouse(bench, has_lake=False) as warehouse:
        ingest_file(warehouse, path)
        with bare_rows(warehouse) as rows:
            bare = in_turns(bench.repeat, *(partial(rows.insert, has_lake) for has_lake in FORMS))
    yield _row("… its floor: bare DuckDB inserts these rows, into a lake / into one file", bare)


def _one_more_day(bench: Bench) -> Iterator[Row]:
    """Measure single days in a lake after a year, in turns with those of a young lake."""
    homes, sizes = _homes(bench), _sizes(bench)
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        sides = []
        for size in sizes:
            days = stack.enter_context(homes.copied(size, has_lake=True))
            run_day(days)  # not measured: the first run reads the manifest
            sides.append(partial(_add, costs[size], partial(run_day, days)))
        bench.log(f"lake: single days of {homes.count:,} events, after {' and '.join(map(str, sizes))} days")
        in_turns(_days(bench), *sides, is_alternating=True)
    young, grown = costs.values()
    what = f"one more day of {homes.count:,} events in a lake, ingest, build and publish, after {sizes[1]:,} days"
    yield Row(f"{what} / after {YOUNG}", _whole(grown), _whole(young), YEAR_TARGET)
    yield Row("… the mean of these days", [mean(_whole(grown))], [mean(_whole(young))])
    for step in ("processor", "ingest", "build", "publish"):
        name = "processor time of ingest and build" if step == "processor" else step
        yield _row(f"… its {name}", [[getattr(cost, step) for cost in of_size] for of_size in (grown, young)])


def _row(what: str, figures: list[list[float]], at_most: float | None = None) -> Row:
    """Return a row of two sides."""
    ours, reference = figures
    return Row(what, ours, reference, at_most)


def _add(costs: list[Cost], run: "partial[Cost]") -> float:
    rest()
    costs.append(run())
    return costs[-1].job


def _whole(costs: list[Cost]) -> list[float]:
    return [cost.job + cost.publish for cost in costs]
