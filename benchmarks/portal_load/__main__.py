"""`python -m benchmarks.portal_load`: how long pages and lists of the API take.

Pages: 8 people at once, each on a connection of its own, ask for pages of every kind drawn at random, on a table of a
million rows, until the last byte. The first requests after a new snapshot are told apart. The API: pages of 1,000 rows
in turns with the same query by DuckDB and JSON by orjson in the measuring process.
Here: the rounds and the table. Not here: the portal (served.py), and what is asked for (visits.py).
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson

from benchmarks.machine import facts, load
from benchmarks.measure import markdown
from benchmarks.portal_load.served import Portal, publish_large, running
from benchmarks.portal_load.visits import PAGES, Client, Visit

PEOPLE = 8
MOST_P95, MOST_RATIO = 100.0, 1.5
"""Milliseconds, and times the reference."""

_QUERY = "select * from marts.fct_activity_events order by rowid limit 1001"


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal_load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of pages")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-portal-") as folder:
        began = load()
        with running(Path(folder), PEOPLE) as portal:
            processor = dict(facts())["processor"]
            print(f"Measured on {datetime.now(UTC):%Y-%m-%d}; {processor}; load when it began: {began}.\n")
            print(_pages(portal, options.seconds, options.seed), end="\n\n")
            print(_lists(portal))


def _pages(portal: Portal, seconds: float, seed: int) -> str:
    _everybody(portal, 3.0, seed)  # imports, and the first queries of each kind
    before = portal.cpu_seconds()
    visits = _everybody(portal, seconds, seed + 1)
    cpu = (portal.cpu_seconds() - before) / len(visits) * 1e3
    publish_large(portal.settings, 0)
    first = _everybody(portal, 3.0, seed + 2)
    rows = [_row(kind, [visit for visit in visits if visit.kind == kind]) for kind in PAGES]
    rows.append(_row("all", visits))
    rows.append(_row("all, in 3 s after a new snapshot", first))
    p95 = _percentile([visit.seconds for visit in visits], 0.95)
    table = markdown(("page", "requests", "p50 ms", "p95 ms", "largest ms", "other answers"), rows)
    return (
        f"{table}\n\n{PEOPLE} people at once: p95 {p95:.0f} ms (target: ≤ {MOST_P95:g}), {cpu:.1f} ms of the portal's"
        f" processor time per request."
    )


def _everybody(portal: Portal, seconds: float, seed: int) -> list[Visit]:
    found: list[Visit] = []
    until = time.monotonic() + seconds

    def go(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        client = Client(portal.port, portal.people[number])
        while time.monotonic() < until:
            kind = chance.choice(list(PAGES))
            found.append(client.visit(kind, PAGES[kind](chance)))
        client.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _row(kind: str, visits: list[Visit]) -> list[str]:
    times = [visit.seconds for visit in visits]
    other = [visit.status for visit in visits if visit.status != 200]
    figures = (_percentile(times, 0.5), _percentile(times, 0.95), _percentile(times, 1.0))
    return [kind, f"{len(visits):,}", *(f"{figure:.1f}" for figure in figures), ", ".join(map(str, sorted(set(other))))]


def _percentile(times: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    if not times:
        return float("nan")
    return sorted(times)[min(len(times) - 1, int(share * len(times)))] * 1e3


def _lists(portal: Portal) -> str:
    """Compare pages of 1,000 rows with DuckDB and orjson alone, in turns."""
    client = Client(portal.port, portal.people[0])
    file = (Path(portal.settings.snapshots) / "current.duckdb").resolve()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as snapshot (read_only)")
        connection.execute("use snapshot")
        connection.execute("set threads = 2")
        ours, reference = [], []
        for turn in range(21):
            began = time.perf_counter()
            rows = connection.execute(_QUERY)
            names = [name for name, *_ in rows.description or []]
            content = [dict(zip(names, row, strict=True)) for row in rows.fetchall()[:1000]]
            orjson.dumps({"items": content}, default=str)
            between = time.perf_counter()
            visit = client.visit("list", "/api/v1/activity?limit=1000")
            if visit.status != 200:
                raise RuntimeError(f"the list answered {visit.status}")
            if turn:
                reference.append(between - began)
                ours.append(visit.seconds)
    ratio = statistics.median(ours) / statistics.median(reference)
    return (
        f"A list of 1,000 rows takes {statistics.median(ours) * 1e3:.1f} ms over HTTP, DuckDB and orjson alone"
        f" {statistics.median(reference) * 1e3:.1f} ms: {ratio:.2f} × (target: ≤ {MOST_RATIO}), medians of"
        f" {len(ours)} in turns."
    )


if __name__ == "__main__":
    main()
