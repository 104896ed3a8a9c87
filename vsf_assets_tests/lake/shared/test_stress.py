"""Everybody at once on a small shared lake, while they are killed, stopped and cut off.

Here: the disturbances, and what must be so afterwards: nothing lost, nothing doubled, no commit of an old epoch, each
kept state reads as it was. Not here: windows that are forced one by one (test_attacks.py, test_lost_answers.py).

Sizes are parameters: LAKE_STRESS_SEED, LAKE_STRESS_KILLS, LAKE_STRESS_STOPS, LAKE_STRESS_CUTS, LAKE_STRESS_FILES, and
LAKE_STRESS_LOST (answers to COMMIT that are lost, in percent).
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.shared.attackers import has_passed_the_fence
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.lake.shared.small_lake import ROWS, STORED_ONCE, SmallLake, signed
from vsf_assets_tests.lake.shared.stress_processes import KEPT, Job, states

pytestmark = [
    pytest.mark.lake,
    pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version"),
]

TAKEOVER = 1.5


def parameter(name: str, default: int) -> int:
    return int(os.environ.get(f"LAKE_STRESS_{name}", default))


def say(text: str) -> None:
    """Show a line with a failure, and with `pytest -s`."""
    sys.stdout.write(f"{text}\n")


class Startable(Protocol):
    """A job that runs in a process of its own."""

    @property
    def kind(self) -> str:
        """What it does; one that writes ends by itself."""

    def start(self) -> ForkedProcess:
        """Start a process that does it."""


class Crowd:
    """The processes, and who disturbs them.

    Attributes:
        done: what was done to them.
        errors: what those said who ended by an error of their own.
    """

    def __init__(self, jobs: Sequence[Startable], chance: random.Random, database: str):
        self.chance, self.database = chance, database
        self.running: list[tuple[Startable, ForkedProcess]] = [(job, job.start()) for job in jobs]
        self.stopped: list[tuple[float, ForkedProcess]] = []
        self.done, self.errors = Counter[str](), list[str]()

    def kill(self) -> None:
        """Kill one, and start another one in its place."""
        place = self.chance.randrange(len(self.running))
        job, process = self.running[place]
        process.kill()
        process.communicate()
        self.running[place] = (job, job.start())

    def stop(self) -> None:
        """Stop one, for less or more time than others wait before they take over."""
        _, process = self.chance.choice(self.running)
        process.send_signal(signal.SIGSTOP)
        self.stopped.append((time.monotonic() + self.chance.choice([0.3, 2 * TAKEOVER]), process))

    def cut(self) -> None:
        """End a session of PostgreSQL that one of them has: that of its locks, or one of DuckDB."""
        with psycopg.connect(self.database, autocommit=True) as control:
            control.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() order by random() limit 1"
            )

    def wake(self, everybody: bool = False) -> None:
        """Let those go on whose time is over."""
        now = time.monotonic()
        for until, process in list(self.stopped):
            if everybody or now >= until:
                process.send_signal(signal.SIGCONT)
                self.stopped.remove((until, process))

    def replace_ended(self) -> None:
        """Note who ended by an error, and start another one in its place; who is done stays away."""
        for place, (job, process) in enumerate(self.running):
            if process.poll() not in (None, 0):
                _, err = process.communicate()
                self.errors.append(f"{job.kind}: {err}")
                self.running[place] = (job, job.start())

    def disturb(self, kills: int, stops: int, cuts: int, slowness: float = 1.0) -> None:
        """Do all of it in a random order, with pauses that are so many times as long."""
        deeds = [self.kill] * kills + [self.stop] * stops + [self.cut] * cuts
        self.chance.shuffle(deeds)
        for deed in deeds:
            self._pause(slowness * self.chance.uniform(0.1, 0.6))
            self.replace_ended()
            deed()
            self.done[deed.__name__] += 1

    def _pause(self, seconds: float) -> None:
        """Wait, and let those go on meanwhile whose time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
            self.wake()

    def finish(self, end: Path) -> None:
        """Wait until the writers are done, and then for the others."""
        self.wake(everybody=True)
        deadline = time.monotonic() + 3000  # a busy machine needs ten times as long as another one
        while any(job.kind == "write" and process.poll() != 0 for job, process in self.running):
            assert time.monotonic() < deadline, "the writers do not finish"
            self.replace_ended()
            time.sleep(0.1)
        end.touch()
        for job, process in self.running:
            _, err = process.communicate(3000)
            if process.returncode:
                self.errors.append(f"{job.kind}: {err}")

    def end(self) -> None:
        """Kill all that still run."""
        for _, process in self.running:
            process.kill()
            with suppress(ChildProcessError):
                process.wait()


def test_nothing_is_lost_or_doubled(catalog: str, tmp_path: Path) -> None:
    seed = parameter("SEED", random.SystemRandom().randrange(10**6))
    say(f"LAKE_STRESS_SEED={seed}")
    chance = random.Random(seed)
    files = [f"{number:03}.csv" for number in range(parameter("FILES", 40))]
    lake = SmallLake(catalog, tmp_path / "lake", takeover=TAKEOVER)
    lake.prepare()
    with (
        lake.session("marts") as session,
        closing(lake.attach()) as connection,
        session.hold("build", "marts"),
        session.hold("commit", "marts") as token,
        signed(connection, token, "marts"),
    ):
        connection.execute("create table lake.mart (file varchar, n bigint)")
    (tmp_path / "published").mkdir()
    share = parameter("LOST", 3) / 100

    def about_commit() -> str:
        with suppress(psycopg.OperationalError):  # its session was the one that was cut off
            return LOSE_ANSWER if chance.random() < share and has_passed_the_fence(lake) else PASS
        return PASS

    proxy = CommitProxy(catalog, about_commit)
    with proxy.running() as through:
        orders = [chance.sample(files, len(files)) for _ in range(2)]
        middle = len(files) // 2
        # Each file has two writers, which come to it at different times.
        portions = [part for order in orders for part in (order[:middle], order[middle:])]
        kinds = ["build", "build", "merge", "remove"]
        place = str(lake.folder)
        jobs = [Job("write", through, place, TAKEOVER, tuple(part)) for part in portions]
        jobs += [Job(kind, catalog if kind == "remove" else through, place, TAKEOVER) for kind in kinds]
        crowd = Crowd(jobs, chance, catalog)
        try:
            crowd.disturb(parameter("KILLS", 15), parameter("STOPS", 15), parameter("CUTS", 15))
            crowd.finish(tmp_path / "published" / "end")
        finally:
            crowd.end()
    published = len(list(jobs[0].published.glob("*.json")))
    say(f"{dict(crowd.done)}, {proxy.lost} answers lost, {published} builds")
    assert crowd.errors == []
    assert lake.content() == dict.fromkeys(files, STORED_ONCE)
    check_published(lake, jobs[0])
    check_epochs(lake)


def check_published(lake: SmallLake, job: Job) -> None:
    """Read each kept state: it holds as many deliveries as were counted, each whole."""
    kept = states(job)
    assert len(kept) == KEPT, "too few builds; raise LAKE_STRESS_FILES"
    with closing(lake.attach()) as connection:
        for state in kept:
            at = f"at (version => {state['base']})"
            assert connection.execute(f"select count(*), count(distinct file) from lake.ledger {at}").fetchall() == [
                (state["files"], state["files"])
            ]
            rows = f"select count(*), count(distinct file) from lake.rows {at}"
            assert connection.execute(rows).fetchall() == [(ROWS * state["files"], state["files"])]


def check_epochs(lake: SmallLake) -> None:
    """See that the epochs of each lock never go down from commit to commit."""
    with lake.control() as control:
        texts = control.execute(
            "select commit_extra_info from vsf_g1.ducklake_snapshot_changes order by snapshot_id"
        ).fetchall()
    shown = [str(text).split(",") for (text,) in texts if text]
    assert len(shown) > 5
    for lock in "bc":
        epochs = [int(part[1:].partition(":")[0]) for parts in shown for part in parts if part[0] == lock]
        assert epochs == sorted(epochs)
