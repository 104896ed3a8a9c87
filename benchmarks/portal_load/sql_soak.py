"""`make sql-soak MINUTES=10`: two users at once send SQL that tries to leave its fences, or wants too much.

They draw from the statements and the queries of the tests, ask ordinary queries in between, and leave some queries in
the middle. At the end: every answer was one of the expected, no process of a query, descriptor or temporary file is
left, and an ordinary query answers within 300 ms (median), while nothing else runs and beside the other user.
Here: the users and the verdict. Not here: the portal (served.py), and the statements (hostile_sql.py of the tests).
"""

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.portal_load.served import VSF, Portal, open_files_of, running
from benchmarks.service import children
from vsf_assets.config.settings import child_environment
from vsf_assets_tests.portal.hostile_sql import BOMBS, FILES, MORE, STATEMENTS

USERS = ("engineer-0", "engineer-2")
ORDINARY = (
    "select device_grouping, count(*) as lines from marts.dim_lines group by all order by all",
    "from marts.fct_daily_active_lines order by event_date",
    "select event_date, sum(events) as events from marts.fct_activity_daily group by event_date order by event_date",
)
EXPECTED = {200, 400, 422, 503}
"""Answers that may come: rows, refused, too much, and no turn or no sandbox."""

MEDIAN = 0.3
"""Seconds in which an ordinary query answers; median."""

OWN_SHARED_MEMORY = (
    *("unshare", "--user", "--map-current-user", "--keep-caps", "--mount"),
    *("sh", "-c", 'mount -t tmpfs vsf-sql-soak /dev/shm && exec "$@"', "sh"),
)
"""Starts a program whose shared memory no other program of the machine uses."""

GROWTH = 100.0
"""MB that the portal may have more at the end: caches fill."""

_ALONE = 100
_FILES_OF_THREADS = 20
_SECONDS = 120.0
_SHARES = (("ordinary", 0.4), ("statement", 0.75), ("bomb", 0.9), ("left", 1.0))


@dataclass
class Outcome:
    """What the users saw: kind of query -> its statuses, and seconds of ordinary queries that gave rows."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ordinary: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, status: int, seconds: float, reason: str) -> None:
        """Count a query."""
        with self.lock:
            self.statuses[kind, status] += 1
            self.reasons[reason] += 1
            if kind == "ordinary" and status == 200:
                self.ordinary.append(seconds)


@dataclass(frozen=True)
class Traces:
    """What queries could leave behind.

    Attributes:
        processes: of queries, those of no portal's worker or fork server.
        open_files: descriptors of workers and fork servers.
        files: temporary files, those in shared memory, and files of exports and lent snapshots.
        memory: MB of all processes of the portal together.
    """

    processes: int
    open_files: int
    files: frozenset[str]
    memory: float


def traces(portal: Portal, folders: Sequence[Path]) -> Traces:
    """Return what there is now; temporary files are looked for in the folders."""
    servers = portal.fork_servers()
    open_files = sum(map(open_files_of, (*portal.workers(), *servers)))
    files = frozenset(str(path) for folder in folders for path in folder.rglob("*") if path.is_file())
    running_queries = sum(len(list(children(pid))) for pid in servers)
    return Traces(running_queries, open_files, files, portal.size())


def main() -> None:
    """Run for the given minutes; end with an error if something is not as it should be."""
    parser = argparse.ArgumentParser(prog="make sql-soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=5.0, help="time limit of a query (VSF_PORTAL_SQL_SECONDS)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-sql-soak-") as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        variables = {"TMPDIR": str(temporary), "VSF_PORTAL_SQL_SECONDS": f"{options.seconds:g}"}
        home, own = Path(folder) / "home", OWN_SHARED_MEMORY if _can_have_own_shared_memory() else ()
        with running(home, 3, rows=100_000, variables=variables, started_by=own) as portal:
            folders = [temporary, home / "portal" / "exports", home / "portal" / "snapshots"]
            if own:
                folders.append(Path(f"/proc/{portal.process}/root/dev/shm"))
            else:
                print("shared memory is not looked at: this system gives a program none of its own")
            problems = _soak(portal, folders, options.minutes * 60, options.seed)
        defects = (home / "portal.out").read_text().count("Traceback")
    problems += [f"{defects} tracebacks in the portal's log"] if defects else []
    if problems:
        sys.exit("\n".join(problems))
    print("no unexpected answer; no process, descriptor or temporary file is left")


def _can_have_own_shared_memory() -> bool:
    try:
        return subprocess.run([*OWN_SHARED_MEMORY, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _soak(portal: Portal, folders: Sequence[Path], seconds: float, seed: int) -> list[str]:
    tokens = [_token(portal, user) for user in USERS]
    for _ in range(20):  # each worker starts its fork server, and opens its database
        for token in tokens:
            _ask(portal, token, ORDINARY[0])
    before, workers, outcome = traces(portal, folders), portal.workers(), Outcome()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_user, args=(portal, token, until, random.Random(seed + number), outcome))
        for number, token in enumerate(tokens)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{outcome.statuses.total():,} queries of two users in {seconds / 60:g} minutes")
    for (kind, status), count in sorted(outcome.statuses.items()):
        print(f"  {kind:<10} {status}  {count:,}")
    print(f"reasons: {dict(outcome.reasons)}")
    problems = [] if portal.workers() == workers else ["a worker died"]
    wrong = {key: n for key, n in outcome.statuses.items() if key[1] not in EXPECTED and key[0] != "left"}
    problems += [f"unexpected answers: {wrong}"] if wrong else []
    problems += _times("beside the other user", outcome.ordinary)
    problems += _left_behind(portal, folders, before)
    alone = [_ask(portal, tokens[0], ORDINARY[number % len(ORDINARY)]) for number in range(_ALONE)]
    problems += [] if all(status == 200 for status, _, _ in alone) else ["an ordinary query has no answer at the end"]
    return problems + _times("alone, at the end", [spent for _, spent, _ in alone])


def _token(portal: Portal, user: str) -> str:
    environment = child_environment({"VSF_HOME": str(portal.settings.home)})
    made = subprocess.run(
        [*VSF, "portal", "token", user], env=environment, check=True, capture_output=True, text=True
    )  # fmt: skip
    return next(word for word in made.stdout.split() if word.startswith("vsf_"))


def _user(portal: Portal, token: str, until: float, chance: random.Random, outcome: Outcome) -> None:
    statements, bombs = (*FILES, *STATEMENTS, *MORE), [sql for sql, _ in BOMBS.values()]
    while time.monotonic() < until:
        draw = chance.random()
        kind = next(name for name, share in _SHARES if draw < share)
        if kind == "left":
            outcome.add(kind, 0, *_leave(portal, token, chance.choice(bombs), chance.uniform(0.0, 0.5)))
            continue
        sql = chance.choice({"ordinary": ORDINARY, "statement": statements, "bomb": bombs}[kind])
        filled = sql.replace("{folder}", "/etc").replace("{snapshot}", "/etc/passwd")
        outcome.add(kind, *_ask(portal, token, filled))


def _ask(portal: Portal, token: str, sql: str) -> tuple[int, float, str]:
    """Return the status of a query, the seconds that it took, and the reason of a problem."""
    began = time.perf_counter()
    connection = _send(portal, token, sql)
    try:
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    spent = time.perf_counter() - began
    return answer.status, spent, "rows" if answer.status == 200 else str(json.loads(content).get("reason", "?"))


def _leave(portal: Portal, token: str, sql: str, after: float) -> tuple[float, str]:
    """Send a query, and go before its answer."""
    connection = _send(portal, token, sql)
    time.sleep(after)
    connection.close()
    return after, "left"


def _send(portal: Portal, token: str, sql: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/sql", json.dumps({"sql": sql}), headers)
    return connection


def _times(when: str, seconds: list[float]) -> list[str]:
    if len(seconds) < 20:
        return [f"only {len(seconds)} ordinary queries gave rows {when}"]
    median, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    print(f"ordinary query {when}: median {1000 * median:.0f} ms, p95 {1000 * p95:.0f} ms ({len(seconds):,})")
    return [f"an ordinary query takes {1000 * median:.0f} ms {when}"] if median > MEDIAN else []


def _left_behind(portal: Portal, folders: Sequence[Path], before: Traces) -> list[str]:
    """Wait until the last queries have ended; return what stays."""
    deadline = time.monotonic() + 30
    while (now := traces(portal, folders)).processes and time.monotonic() < deadline:
        time.sleep(0.5)
    print(f"processes of queries: {now.processes}; open files: {before.open_files} before, {now.open_files} after")
    print(f"memory: {before.memory:.0f} MB before, {now.memory:.0f} MB after")
    print(f"temporary files: {len(before.files)} before, {len(now.files)} after")
    problems = [f"{now.processes} processes of queries stay"] if now.processes else []
    if now.memory > before.memory + GROWTH:
        problems.append(f"the portal has {now.memory - before.memory:.0f} MB more")
    # A thread of the portal opens a file of the database when it first works; what queries leave is more in minutes.
    if now.open_files > before.open_files + _FILES_OF_THREADS:
        problems.append(f"{now.open_files - before.open_files} descriptors stay open")
    return problems + [f"a file stays: {file}" for file in sorted(now.files - before.files)]


if __name__ == "__main__":
    main()
