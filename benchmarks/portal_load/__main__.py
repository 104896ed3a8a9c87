"""`python -m benchmarks.portal_load`: how long pages and lists of the API take; with `--write`, kept in the docs.

Pages: 8 people at once, each on a connection of its own, ask for pages of every kind drawn at random, on a table of a
million rows, until the last byte. Then snapshots are published while they go on; the first answer of each kind from a
new snapshot is told apart. The API: pages of 1,000 rows in turns with the same query by DuckDB and JSON by orjson in
the measuring process.
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

from benchmarks.machine import commit, facts, load
from benchmarks.measure import markdown
from benchmarks.measured_page import put_on_page
from benchmarks.portal_load.served import Portal, publish_large, running
from benchmarks.portal_load.visits import PAGES, Client, Visit, draw_page

PEOPLE = 8
MOST_P95, MOST_RATIO = 100.0, 1.5
"""Milliseconds, and times the reference."""

SWITCHES, SECONDS_AFTER = 3, 3.0
"""New snapshots, and how long each is asked for."""

PART = "portal load"
_HEADER = ("page", "requests", "p50 ms", "p95 ms", "largest ms", "target", "met")
_QUERY = "select * from marts.fct_activity_events order by rowid limit 1001"


def main() -> None:
    """Measure, and print a table and what belongs to it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal_load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of pages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-portal-") as folder:
        began, at = load(), commit()
        with running(Path(folder), PEOPLE) as portal:
            processor, workers = dict(facts())["processor"], portal.settings.portal.workers
            text = (
                f"Measured on {datetime.now(UTC):%Y-%m-%d} at {at}; {processor}; load when it began: {began};"
                f" {workers} worker{'' if workers == 1 else 's'}.\n\n"
                f"{_pages(portal, options.seconds, options.seed)}\n\n{_lists(portal)}"
            )
    print(text)
    if options.write:
        put_on_page(PART, text)


def _pages(portal: Portal, seconds: float, seed: int) -> str:
    """Return the table of pages."""
    _everybody(portal, 3.0, seed)  # imports, and the first queries of each kind
    before = portal.cpu_seconds()
    visits = _everybody(portal, seconds, seed + 1)
    cpu = (portal.cpu_seconds() - before) / len(visits) * 1e3
    first, others = _after_switches(portal, seed + 2)
    rows = [_row(kind, [visit for visit in visits if visit.kind == kind]) for kind in PAGES]
    rows.append(_row("**all**", visits, MOST_P95))
    rows.append(_row(f"the first of a kind from a new snapshot, {SWITCHES} times", first))
    rows.append(_row(f"all others in {SECONDS_AFTER:g} s after it was published", others))
    wrong = sorted({visit.status for visit in (*visits, *first, *others)} - {200})
    answers = f"Answers other than 200: {', '.join(map(str, wrong))}." if wrong else "Every answer was 200."
    return (
        f"{markdown(_HEADER, rows)}\n\n{cpu:.1f} ms of the portal's processor time per request,"
        f" {portal.size():,.0f} MB of its memory. {answers}"
    )


def _after_switches(portal: Portal, seed: int) -> tuple[list[Visit], list[Visit]]:
    """Publish snapshots while people ask; return the first answers of each kind from each, and all others.

    Every worker opens the snapshot by itself; a kind is new in each of them, so as many answers count as there are
    workers.
    """
    first: list[Visit] = []
    others: list[Visit] = []
    for turn in range(SWITCHES):
        number = str(publish_large(portal.settings, 0))
        seen: dict[str, int] = {}
        for visit in sorted(_everybody(portal, SECONDS_AFTER, seed + turn), key=lambda visit: visit.at):
            is_new = visit.snapshot == number and seen.get(visit.kind, 0) < portal.settings.portal.workers
            seen[visit.kind] = seen.get(visit.kind, 0) + is_new
            (first if is_new else others).append(visit)
    return first, others


def _everybody(portal: Portal, seconds: float, seed: int) -> list[Visit]:
    found: list[Visit] = []
    until = time.monotonic() + seconds

    def go(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        client = Client(portal.port, portal.people[number])
        while time.monotonic() < until:
            found.append(client.visit(*draw_page(chance)))
        client.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _row(kind: str, visits: list[Visit], most: float | None = None) -> list[str]:
    times = [visit.seconds for visit in visits]
    p50, p95, largest = (_percentile(times, share) for share in (0.5, 0.95, 1.0))
    target = [""] * 2 if most is None else [f"p95 ≤ {most:g}", "yes" if p95 <= most else "**no**"]
    return [kind, f"{len(visits):,}", *(f"{figure:.0f}" for figure in (p50, p95, largest)), *target]


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
