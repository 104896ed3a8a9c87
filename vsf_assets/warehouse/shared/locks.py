"""The locks of a shared lake: advisory locks of PostgreSQL, held by one session of a run, with an epoch for each take.

Here: taking and releasing the commit lock and the build lock, the lock of the run itself, taking over from a process
that has stopped, and noticing that the session is lost. Not here: the rows of the epochs (control.py), and what
compares them with commits (fence.py).

The kernel answers for a process that is stopped, so its session stays. Therefore a thread says `select 1` on the
session, and whoever waits for a lock ends a session that holds it and has said nothing for a while. The process that
wakes up afterwards finds its epoch replaced.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from vsf_assets.common.errors import LockLostError, LockTimeoutError
from vsf_assets.warehouse.shared.control import LOCK_NAMES, HeldLock, control_id, generations
from vsf_assets.warehouse.shared.postgres import open_connection, shortened_name

if TYPE_CHECKING:
    from psycopg import Connection

PINGS = 6
"""Times that a session says something while others wait before they take over: every 10 s of a minute."""

ANY_SNAPSHOT = 10**18 - 1
"""The base of commits under the commit lock that did not look at the ledger, such as changes of tables and merges."""

OF_DAGSTER = "dagster:"
"""Before the id of a run of Dagster that shows by its lock that it is alive. It stages nothing under that name, and is
forgotten when Dagster knows that it is dead."""

_FIRST_SLICE, _LONGEST_SLICE = 0.2, 5.0
"""Seconds that PostgreSQL waits before the holder is looked at, and looked at again. Who waits in a queue loses its
place then."""

_HOLDER: LiteralString = """
    from pg_locks as held
    inner join pg_stat_activity as session using (pid)
    where held.locktype = 'advisory' and held.granted and held.objsubid = 2
        and held.database = (select oid from pg_database where datname = current_database())
        and held.classid = %(schema)s::bigint::oid and held.objid = %(lock)s::bigint::oid
        and session.datname = current_database() and session.pid <> pg_backend_pid()
"""
"""A lock in pg_locks belongs to one database of the server, and so does the number of a schema."""

_SILENT: LiteralString = (
    "session.state <> 'active' and clock_timestamp() - session.state_change >= make_interval(secs => %(silence)s)"
)


@dataclass(frozen=True)
class LockGuards:
    """What the locks do. Tests switch one off and see what it was for.

    Attributes:
        exclusion: a lock is held by one session at a time.
        take_over: a session that is silent for long is ended.
    """

    exclusion: bool = True
    take_over: bool = True


_ALL = LockGuards()


@dataclass(frozen=True)
class Token:
    """Shows which locks a session holds.

    Attributes:
        locks: the locks, the build lock first.
        generation: the generation of the lake that held when the last one was taken; None before the first.
        session: the session that holds them.
    """

    locks: tuple[HeldLock, ...]
    generation: int | None
    session: "LockSession"

    def text(self, base: int | None = None) -> str:
        """Return what a commit shows to the fence.

        Args:
            base: the snapshot that the transaction saw when it looked at the ledger; for commits under the commit lock.

        Raises:
            LockLostError: the session has ended.
        """
        self.session.check_alive()
        parts = {lock.name: f"{lock.name[0]}{lock.epoch}:{lock.word}" for lock in self.locks}
        if "commit" in parts:
            if base is None:
                raise ValueError("a commit under the commit lock names the snapshot that it saw")
            parts["commit"] += f"@{base}"
        return ",".join(parts.values())


class LockSession:
    """One session of PostgreSQL, which holds the locks of a run; closing it releases them.

    It belongs to the process that opened it; threads may share it. When it is lost, it stays lost: what was staged
    under the run's lock may be gone already, so the run stores nothing more.

    Attributes:
        run_id: the run that holds the locks.
    """

    def __init__(
        self,
        database: str,
        run_id: str,
        *,
        takeover_seconds: float = 60.0,
        wait_seconds: float = 3600.0,
        on_wait: Callable[[str], None] = lambda _: None,
        guards: LockGuards = _ALL,
    ):
        """Open the session, and take the lock of the run.

        Args:
            database: connection string of the database.
            run_id: unique for each run.
            takeover_seconds: how long a holder may say nothing before its session is ended.
            wait_seconds: how long to wait for a lock.
            on_wait: called once per take with a description of the holder, if the lock is not free.
            guards: all but in tests.

        Raises:
            PostgresError: the database cannot be used.
            VsfError: it holds no lake.
            LockTimeoutError: another process has the same run id.
        """
        self.run_id = run_id
        self._takeover, self._wait, self._on_wait, self._guards = takeover_seconds, wait_seconds, on_wait, guards
        self._process, self._lost, self._held = os.getpid(), "", list[HeldLock]()
        self._names = [shortened_name(run_id)]
        self._use, self._ends = threading.RLock(), threading.Semaphore(0)
        self._connection = open_connection(database, self._names[0])
        try:
            with self.connection() as connection:
                self._schema = control_id(connection)
            self._take_run()
        except BaseException:
            self._connection.close()
            raise
        self._thread = threading.Thread(target=self._keep_talking, name="vsf-lock-session", daemon=True)
        self._thread.start()

    def __enter__(self) -> "LockSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; its locks are free, and the run is forgotten, unless the session was lost before."""
        self._ends.release()
        if os.getpid() != self._process:
            return  # a forked child shares the socket, and must not speak on it
        with self._use, suppress(LockLostError):
            if not self._connection.closed and not self._lost:
                with self.connection() as connection:
                    connection.execute("delete from vsf.runs where run_id = %s", [self.run_id])
        self._connection.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    @contextmanager
    def hold(self, name: str, purpose: str) -> Iterator[Token]:
        """Hold a lock for a block; the token shows all locks that the session holds then.

        Args:
            name: `build` or `commit`; under both, `build` is taken first.
            purpose: what others see who wait for it.

        Raises:
            LockTimeoutError: it was not free in time.
            LockLostError: the session has ended.
        """
        place = LOCK_NAMES.index(name)
        with self._use:
            if any(LOCK_NAMES.index(lock.name) >= place for lock in self._held):
                raise RuntimeError(f"the {name} lock is taken before the {self._held[-1].name} lock, and once")
            try:
                self._take(place + 1, f"the {name} lock of the lake", purpose)
                token = self._raise_epoch(name, purpose)
            except BaseException:
                self._release(place + 1)
                raise
        try:
            yield token
        finally:
            with self._use:
                self._held.remove(token.locks[-1])
                self._names.pop()
                self._release(place + 1)

    def _release(self, lock: int) -> None:
        """Release an advisory lock, if the session holds it.

        What its holder stored is stored. That the session is lost concerns the next who takes a lock.
        """
        with suppress(LockLostError), self.connection() as connection:
            if self._guards.exclusion:
                connection.execute(
                    "select pg_advisory_unlock(%s, %s), set_config('application_name', %s, false)",
                    [*self._key(lock), self._names[-1]],
                )

    @contextmanager
    def connection(self) -> Iterator["Connection[tuple[Any, ...]]"]:
        """Speak on the session for a block, in autocommit mode; the block does nothing else that takes long.

        Raises:
            LockLostError: it has ended, or ends during the block.
        """
        from psycopg import OperationalError

        with self._use:
            self.check_alive()
            try:
                yield self._connection
            except OperationalError as error:
                if not self._connection.closed:
                    raise
                self._lose(error)
            finally:
                if self._connection.closed and not self._lost:
                    self._lost = "it was closed"
        self.check_alive()

    def check_alive(self) -> None:
        """Raise if the session is known to have ended.

        Raises:
            LockLostError: it has.
        """
        if os.getpid() != self._process:
            raise LockLostError("the locks of the lake belong to the process that this one was forked from")
        if self._lost:
            raise LockLostError(
                f"the session that holds the locks of the lake has ended ({self._lost}); this run stores nothing more."
                " Start it again"
            )

    def _lose(self, error: BaseException) -> None:
        self._lost = self._lost or next(iter(str(error).strip().splitlines()), type(error).__name__)

    def _keep_talking(self) -> None:
        """Say something in time, unless another thread speaks on the session now."""
        while not self._ends.acquire(timeout=min(10.0, self._takeover / PINGS)):
            if self._lost:
                return
            if self._use.acquire(blocking=False):
                try:
                    with suppress(LockLostError), self.connection() as connection:
                        connection.execute("select 1")
                finally:
                    self._use.release()

    def _key(self, lock: int) -> tuple[int, int]:
        """Return the key of an advisory lock: PostgreSQL takes signed numbers of 32 bits."""
        schema = self._schema if self._schema < 1 << 31 else self._schema - (1 << 32)
        return schema, lock

    def _take(self, lock: int, what: str, purpose: str) -> None:
        """Wait for an advisory lock, and take it over from a session that says nothing."""
        if not self._guards.exclusion:
            return

        def attempt(connection: "Connection[tuple[Any, ...]]") -> None:
            connection.execute("select pg_advisory_lock(%s, %s)", self._key(lock))

        self._until_free(attempt, lambda _: lock, what, purpose)

    def _until_free(
        self,
        attempt: Callable[["Connection[tuple[Any, ...]]"], None],
        lock_of: Callable[["Connection[tuple[Any, ...]]"], int],
        what: str,
        purpose: str,
    ) -> None:
        """Attempt to take a lock until it succeeds.

        Raises:
            LockTimeoutError: it was not free in time.
        """
        from psycopg.errors import LockNotAvailable

        deadline, has_reported, longest = time.monotonic() + self._wait, False, _FIRST_SLICE
        with self.connection() as connection:
            try:
                while True:
                    left = deadline - time.monotonic()
                    wait = max(0.001, min(longest, self._takeover / 3, left))
                    longest = _LONGEST_SLICE
                    connection.execute("select set_config('lock_timeout', %s, false)", [f"{wait * 1000:.0f}"])
                    try:
                        attempt(connection)
                    except LockNotAvailable:
                        holder = self._holder_now(connection, lock_of(connection))
                    else:
                        return
                    if left <= 0:
                        raise LockTimeoutError(
                            f"{what} is held by {holder}; waited {self._wait:g} s to {purpose}. Wait for it, end it,"
                            " or raise VSF_LOCK_WAIT_SECONDS"
                        )
                    if holder and not has_reported:
                        self._on_wait(f"waiting for {what}, held by {holder}")
                        has_reported = True
            finally:
                if not connection.closed:
                    connection.execute("set lock_timeout = 0")

    def _holder_now(self, connection: "Connection[tuple[Any, ...]]", lock: int) -> str:
        """Return a description of the holder; end its session if it has been silent for long."""
        values = {"schema": self._schema, "lock": lock, "silence": self._takeover}
        if self._guards.take_over:
            ended = connection.execute(
                f"select pg_terminate_backend(pid), application_name {_HOLDER} and {_SILENT}", values
            ).fetchall()
            for _, name in ended:
                self._on_wait(f"taking over from {name}, which has said nothing for {self._takeover:g} s")
        rows = connection.execute(
            f"select application_name, coalesce(host(client_addr), 'local'), state_change {_HOLDER}", values
        ).fetchall()
        return ", ".join(f"{name} (from {host}, last heard {heard:%H:%M:%S})" for name, host, heard in rows)

    def _raise_epoch(self, name: str, purpose: str) -> Token:
        """Give the lock that was just taken an epoch and a word of its own; every earlier one is refused from now on.

        It waits for a commit of an earlier holder that has passed the fence.
        """
        word = secrets.token_hex(8)
        with self.connection() as connection:
            row = connection.execute(
                "update vsf.locks set epoch = epoch + 1, word = %s where name = %s"
                " returning epoch, set_config('application_name', %s, false)",
                [word, name, shortened_name(self.run_id, purpose)],
            ).fetchone()
            # In a statement of its own: the one above may have waited for the swap of an earlier holder.
            current = generations(connection).current
        if row is None:
            raise LockLostError("the control schema of the lake is damaged: it has no row of this lock")
        self._held.append(HeldLock(name, int(row[0]), word))
        self._names.append(shortened_name(self.run_id, purpose))
        return Token(tuple(self._held), current, self)

    def _take_run(self) -> None:
        """Record the run and take its lock, in one transaction: whoever sees the record finds the lock taken."""

        def attempt(connection: "Connection[tuple[Any, ...]]") -> None:
            with connection.transaction():
                row = connection.execute(
                    "insert into vsf.runs (run_id) values (%s)"
                    " on conflict (run_id) do update set taken_at = now() returning number",
                    [self.run_id],
                ).fetchall()
                connection.execute("select pg_advisory_lock(%s, %s)", self._key(row[0][0]))

        def number(connection: "Connection[tuple[Any, ...]]") -> int:
            row = connection.execute("select number from vsf.runs where run_id = %s", [self.run_id]).fetchone()
            return int(row[0]) if row else 0

        self._until_free(attempt, number, f"the run {self.run_id}", "run under the same id")


def dead_runs(connection: "Connection[tuple[Any, ...]]") -> list[str]:
    """Return the runs that took their lock and hold it no more, from whichever host.

    A run that was asked for and never took it is not among them.
    """
    return [str(run) for (run,) in connection.execute("select run_id from vsf.dead_runs").fetchall()]


def living_runs(connection: "Connection[tuple[Any, ...]]") -> set[str]:
    """Return the runs that hold their lock. What is not among them, and was before, has ended in one way or another.

    Who looks for what ended runs left lists that first: a run that is seen at work is then found here.
    """
    rows = connection.execute("select run_id from vsf.runs except select run_id from vsf.dead_runs").fetchall()
    return {str(run) for (run,) in rows}


def forget_runs(connection: "Connection[tuple[Any, ...]]", runs: Sequence[str]) -> None:
    """Forget dead runs, after what they left was removed; a run that lives again meanwhile stays."""
    connection.execute(
        "delete from vsf.runs where run_id = any(%s) and run_id in (select run_id from vsf.dead_runs)", [list(runs)]
    )
