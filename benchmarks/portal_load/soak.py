"""`make portal-soak MINUTES=30`: 16 clients keep the portal busy, and some leave in the middle or do not read.

At the end: no answer but those that are expected, memory that does not grow in the last two thirds of the time, as many
threads as after the first sixth, and no connection that stays open when the clients have gone. The memory of every
process is printed for each minute.
Here: the clients and the verdict. Not here: the portal (served.py), and pages (visits.py).
"""

import argparse
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.portal_load.served import Person, Portal, running
from benchmarks.portal_load.visits import ACTIVITY, Client, Visit, draw_page

CLIENTS = 16
EXPECTED = (200, 304)
BUSY = 503
"""Answer when all turns are taken; it is counted, and may be one of a hundred."""

SAMPLE_EVERY = 5.0
WARM_SHARE, MOST_GROWTH = 6, 1.1
"""The part of the time at whose end threads and files are counted first, and how many times as many may follow."""

MOST_RISE = 0.03
"""How much the line through the memory of the last two thirds may rise, as a share of where it begins."""

_LAST_SECONDS = 60.0
"""How long connections of clients that have gone may stay: longer than a part of a file may take."""

_EXPORTS = ("/data/marts/dim_lines/export/csv/", "/data/marts/fct_usage_limits/export/parquet/")
_BIG_EXPORT = f"{ACTIVITY}export/csv/?event_date=2019-05-21"


@dataclass
class Outcome:
    """What the clients saw, what they should not have, and samples: (seconds, MB of each process, threads, files)."""

    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: list[Visit] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[float, tuple[float, ...], int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, visit: Visit) -> None:
        """Count a request."""
        with self.lock:
            self.statuses[visit.status] += 1
            self.kinds[visit.kind] += 1
            if visit.status not in (*EXPECTED, BUSY):
                self.unexpected.append(visit)


def main() -> None:
    """Run for the given minutes; end with an error if something is not as it should be."""
    parser = argparse.ArgumentParser(prog="make portal-soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-portal-soak-") as folder:
        with running(Path(folder), CLIENTS) as portal:
            problems = _soak(portal, options.minutes * 60, options.seed)
        defects = [line for line in (Path(folder) / "portal.out").read_text().splitlines() if "Traceback" in line]
    problems += [f"{len(defects)} tracebacks in the portal's log"] if defects else []
    if problems:
        sys.exit("\n".join(problems))
    print("no error; memory, threads and connections are as at the beginning")


def _soak(portal: Portal, seconds: float, seed: int) -> list[str]:
    outcome = Outcome()
    began = time.monotonic()
    at_rest = portal.open_files()
    workers = portal.workers()
    threads = [
        threading.Thread(target=_client, args=(portal, person, began + seconds, random.Random(seed + number), outcome))
        for number, person in enumerate(portal.people)
    ]
    for thread in threads:
        thread.start()
    while (now := time.monotonic() - began) < seconds:
        outcome.samples.append((now, portal.memory(), portal.threads(), portal.open_files()))
        time.sleep(SAMPLE_EVERY)
    for thread in threads:
        thread.join()
    print(f"{outcome.statuses.total():,} requests: {dict(outcome.kinds)}")
    print(f"answers: {dict(outcome.statuses)}")
    problems = [] if portal.workers() == workers else ["a worker died"]
    # A page that took its whole time answers 422; the seconds tell it from one that wants too much memory.
    for kind, status in sorted({(visit.kind, visit.status) for visit in outcome.unexpected}):
        times = [visit.seconds for visit in outcome.unexpected if (visit.kind, visit.status) == (kind, status)]
        problems.append(
            f"{kind}: {len(times)} unexpected answers {status}, after {min(times):.1f} to {max(times):.1f} s"
        )
    if outcome.statuses[BUSY] > outcome.statuses.total() / 100:
        problems.append(f"{outcome.statuses[BUSY]} requests found no turn")
    return problems + _growth(outcome, seconds) + _left_open(portal, at_rest)


def _client(portal: Portal, person: Person, until: float, chance: random.Random, outcome: Outcome) -> None:
    client = Client(portal.port, person)
    while time.monotonic() < until:
        draw = chance.random()
        if draw < 0.02:
            _read_slowly(portal, person, chance, outcome)
        elif draw < 0.06:
            left = (ACTIVITY, "/", _BIG_EXPORT if person.role == "engineer" else "/status/")
            outcome.add(client.leave(chance.choice(left), chance.randint(0, 1)))
        elif draw < 0.08 and person.role == "engineer":
            outcome.add(client.visit("export", chance.choice((*_EXPORTS, _BIG_EXPORT))))
        elif draw < 0.15:
            outcome.add(client.visit("static", "/static/ninja/swagger-ui-bundle.js"))
        else:
            outcome.add(client.visit(*draw_page(chance)))
    client.close()


def _read_slowly(portal: Portal, person: Person, chance: random.Random, outcome: Outcome) -> None:
    """Ask for a large answer, read a little of it, wait, and go."""
    address = chance.choice(("/static/ninja/swagger-ui-bundle.js", "/api/v1/activity?limit=1000"))
    with socket.create_connection(("127.0.0.1", portal.port), timeout=60) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        host = f"127.0.0.1:{portal.port}"
        connection.sendall(
            f"GET {address} HTTP/1.1\r\nHost: {host}\r\nCookie: vsf_session={person.cookie}\r\n\r\n".encode()
        )
        status = connection.recv(1000).split(b" ", 2)[1]
        time.sleep(chance.uniform(0, 5))
    outcome.add(Visit("read slowly", 0.0, int(status)))


def _growth(outcome: Outcome, seconds: float) -> list[str]:
    """Return what grew: memory by a line, threads and open files by medians of the first and the last third."""
    problems = _memory(outcome, seconds)
    counted = [sample for sample in outcome.samples if sample[0] >= seconds / WARM_SHARE]
    third = max(1, len(counted) // 3)
    for name, values in (("threads", [s[2] for s in counted]), ("open files", [s[3] for s in counted])):
        before, after = statistics.median(values[:third]), statistics.median(values[-third:])
        print(f"{name}: median {before:,.0f} first, {after:,.0f} at the end")
        if after > MOST_GROWTH * before:
            problems.append(f"{name} grew from {before:,.0f} to {after:,.0f}")
    return problems


def _memory(outcome: Outcome, seconds: float) -> list[str]:
    """Print the memory of each minute, and return whether it grows."""
    for minute in range(int(seconds // 60) + 1):
        at = next((sample for sample in outcome.samples if sample[0] >= 60 * minute), None)
        if at is not None:
            print(f"minute {minute}: {', '.join(f'{part:,.0f}' for part in at[1])} MB")
    last = [(at, sum(parts)) for at, parts, *_ in outcome.samples if at >= seconds / 3]
    line = statistics.linear_regression([at for at, _ in last], [total for _, total in last])
    begin, rise = line.intercept + line.slope * last[0][0], line.slope * (last[-1][0] - last[0][0])
    print(
        f"memory of all processes in the last two thirds: {begin:,.0f} MB and {rise:+,.1f} MB by a line,"
        f" {line.slope * 3600:+,.1f} MB per hour"
    )
    return [f"memory rises by {rise:,.1f} MB in the last two thirds"] if rise > MOST_RISE * begin else []


def _left_open(portal: Portal, at_rest: int) -> list[str]:
    """Wait until connections are closed; return what is wrong if they are not."""
    deadline = time.monotonic() + _LAST_SECONDS
    allowed = at_rest + 40 * len(portal.workers())  # files of the database per thread, and of the snapshot
    while portal.open_files() > allowed and time.monotonic() < deadline:
        time.sleep(1)
    found = portal.open_files()
    print(f"open files: {at_rest} before the first request, {found} after the last")
    return [f"{found} files and connections stay open"] if found > allowed else []


if __name__ == "__main__":
    main()
