"""A backfill of days of events in one `vsf run`, beside the run of a single day.

Here: whole processes, as typed, in a home that has run before. Not here: how the cost of a day grows
(growth.py).
"""

from datetime import date, timedelta

import duckdb

from benchmarks.bench import Bench
from benchmarks.event_files import FIRST_DAY
from benchmarks.grown_homes import land
from benchmarks.measure import Row
from benchmarks.whole_process import VSF, run
from vsf_assets.config.settings import Settings

EVENTS = 5_000
DAYS = 100


def prepare(bench: Bench) -> None:
    """Make the files."""
    count = _events(bench)
    bench.events().states(count)
    for number in range(DAYS + 2):
        bench.events().day(number, count, 1)


def measure(bench: Bench) -> list[Row]:
    """Measure a backfill and a single day after it, in one home after the other."""
    prepare(bench)
    count = _events(bench)
    backfill, single = [], []
    for _ in range(bench.repeat):
        bench.log(f"backfill of {DAYS} days")
        with bench.home() as settings:
            land(settings, bench.events().states(count))
            land(settings, bench.events().day(0, count, 1))
            run(settings, *VSF, "run")
            backfill.append(_run(bench, settings, count, 1, DAYS))
            single.append(_run(bench, settings, count, DAYS + 1, DAYS + 1))
    what = f"whole process: `vsf run --feed events --from … --to …`, {DAYS} days of {count:,} events"
    return [Row(what, backfill), Row("… per day / one day in a run of its own", [s / DAYS for s in backfill], single)]


def _run(bench: Bench, settings: Settings, count: int, first: int, last: int) -> float:
    """Land some days and load them with one command; return its seconds.

    Raises:
        RuntimeError: the snapshot does not hold every day, so there is nothing to measure.
    """
    for number in range(first, last + 1):
        land(settings, bench.events().day(number, count, 1))
    seconds = run(settings, *VSF, "run", "--feed", "events", "--from", str(_day(first)), "--to", str(_day(last)))
    with duckdb.connect(f"{settings.snapshots}/current.duckdb", read_only=True) as connection:
        sql = "select count(distinct partition_key) from reports.files where feed = 'events' and status = 'loaded'"
        days = connection.execute(sql).fetchall()[0][0]
    if days != last + 1:
        raise RuntimeError(f"{days} days were loaded, not {last + 1}")
    return seconds


def _events(bench: Bench) -> int:
    return max(10, round(EVENTS * bench.scale))


def _day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)
