"""What attacks on a shared lake are made of: writers whose end is a word, and processes that stop themselves.

Here: writers in this process and in processes of their own. Not here: the attacks and what they must lead to
(test_attacks.py, test_lost_answers.py).
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import psycopg

from vsf_assets.common.errors import LockLostError, LockTimeoutError
from vsf_assets.warehouse.shared.fence import MARK
from vsf_assets.warehouse.shared.no_removal import deny_removal
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.shared.small_lake import SmallLake, deliver
from vsf_assets_tests.waiting import wait_until

STORED, KNOWN, REFUSED, LOST, TIMEOUT, FAILED = "stored", "known", "refused", "lost", "timeout", "failed"


def ending(work: Callable[[], bool]) -> str:
    """Return how a delivery ended, in one word."""
    try:
        return STORED if work() else KNOWN
    except LockLostError:
        return LOST
    except LockTimeoutError:
        return TIMEOUT
    except duckdb.Error as error:
        return REFUSED if MARK in str(error) else FAILED


def nothing() -> None:
    """Do nothing."""


def store(
    lake: SmallLake,
    run: str,
    file: str,
    before_commit: Callable[[], object] = nothing,
    wait: float = 120.0,
    generation: int = 1,
) -> str:
    """Store a delivery as a run of its own; return how it ended."""

    def work() -> bool:
        with (
            lake.session(run, wait) as session,
            closing(lake.attach(generation)) as connection,
            session.hold("commit", file) as token,
        ):
            return deliver(connection, token, file, before_commit)

    return ending(work)


def end_session(lake: SmallLake, run: str) -> None:
    """End the session of PostgreSQL that holds the locks of a run, as a network or an administrator does."""
    with lake.control() as control:
        ended = control.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name like %s", [f"{run} %"]
        ).fetchall()
    assert ended == [(True,)]


def is_waiting(control: "psycopg.Connection[tuple[object, ...]]", run: str) -> bool:
    """Return whether a session of a run waits for a lock of PostgreSQL."""
    sql = "select wait_event_type = 'Lock' from pg_stat_activity where application_name = %s"
    return control.execute(sql, [run]).fetchall() == [(True,)]


def has_passed_the_fence(lake: SmallLake) -> bool:
    """Return whether a transaction has passed the fence and is not committed yet."""
    with lake.control() as control:
        return control.execute(
            "select exists (select from pg_locks where relation = 'vsf.locks'::regclass and mode = 'RowShareLock')"
        ).fetchall() == [(True,)]


def stop_this_process() -> None:
    """Stop, until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def main() -> None:
    """Store a delivery in a process of its own that may stop itself; print how it ended."""
    job = json.loads(sys.argv[1])
    lake = SmallLake(job["catalog"], Path(job["folder"]), job["takeover"])
    if job["denied"]:
        deny_removal(lake.folder)
    sys.stdout.write(store(lake, job["run"], job["file"], stop_this_process if job["stops"] else nothing))


def start(lake: SmallLake, run: str, file: str, *, stops: bool = False, denied: bool = False) -> ForkedProcess:
    """Start a process that stores a delivery.

    Args:
        lake: where.
        run: its run.
        file: the delivery.
        stops: whether it stops itself before it commits.
        denied: whether it takes the right to remove files from itself.
    """
    job = {"catalog": lake.catalog, "folder": str(lake.folder), "takeover": lake.takeover, "run": run, "file": file}
    words = json.dumps({**job, "stops": stops, "denied": denied})
    return ForkedProcess("vsf_assets_tests.lake.shared.attackers", "main", [words])


@contextmanager
def stopped(lake: SmallLake, run: str, file: str) -> Iterator[Callable[[], str]]:
    """Start a process that stops before it commits; yield what lets it go on and returns how it ended."""
    process = start(lake, run, file, stops=True)

    def go_on() -> str:
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out.strip()

    try:
        wait_until(lambda: process.poll() is not None or is_stopped(process.pid))
        assert process.poll() is None, process.communicate()
        yield go_on
    finally:
        process.kill()
        process.wait()


def is_stopped(process: int) -> bool:
    """Return whether a process is stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"
