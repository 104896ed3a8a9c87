"""What queries of a process may take together: turns, time, memory; and one at a time for each account.

Here: who runs now, who waits and who is refused, and the end of a query at its time limit. Not here: the snapshot
(pool.py), and which account asks (portal/middleware.py).

A query that waits holds a thread of the server, so few may wait, and of one account fewer. Files are exported in turns
of their own, which nobody waits for: an export takes a minute, and pages must not stand behind it.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 4
"""Queries of a process that run at the same time; others wait."""

WAITING, WAITING_OF_ACCOUNT = 5, 3
"""Queries of a process, and of one account, that may wait for PATIENCE; more of them wait for SHORT_PATIENCE."""

PATIENCE, SHORT_PATIENCE = 5.0, 0.25
"""Seconds that a query waits for its turn."""

EXPORTS_AT_ONCE = 2
"""Exports of a process that are written at the same time; there is no waiting for them."""

MOST_THREADS = 2
"""Threads of DuckDB in a process."""

_CHECK_EVERY = 0.05
"""Seconds between two looks for queries whose time is over."""

_IDLE = 60.0
"""Seconds without a query after which the thread that looks ends."""


class QueryTooLargeError(VsfError):
    """The query needs more time or memory than a page may take."""


class TooManyQueriesError(VsfError):
    """Other queries take all turns."""


@dataclass(frozen=True)
class QueryBudget:
    """What the queries of one request may take together.

    Attributes:
        account: who asks; queries of one account run one after the other. Empty for none.
        until: moment (monotonic) at which all of them must have ended; None for no such moment.
        seconds: the whole time, for messages.
    """

    account: str = ""
    until: float | None = None
    seconds: float = 0.0


class Turns:
    """Turns of one kind of query."""

    def __init__(self, at_once: int, waiting: int = 0, waiting_of_account: int = 0) -> None:
        self._at_once, self._most, self._most_of_account = at_once, waiting, waiting_of_account
        self._change = threading.Condition()
        self._running = 0
        self._accounts: set[str] = set()
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def turn(self, account: str, refusal: str) -> Iterator[None]:
        """Give a turn for the block.

        Raises:
            TooManyQueriesError: there is none, and too many wait already or it took too long; `refusal` is its message.
        """
        with self._change:
            if not self._is_free(account) and not self._wait(account):
                raise TooManyQueriesError(refusal)
            self._running += 1
            self._accounts.add(account)
        try:
            yield
        finally:
            with self._change:
                self._running -= 1
                self._accounts.discard(account)
                self._change.notify_all()

    def _is_free(self, account: str) -> bool:
        return self._running < self._at_once and not (account and account in self._accounts)

    def _wait(self, account: str) -> bool:
        """Wait for a turn; return whether there is one."""
        if not self._most:
            return False
        is_one_of_many = self._waiting.total() >= self._most
        is_one_of_many |= bool(account) and self._waiting[account] >= self._most_of_account
        self._waiting[account] += 1
        try:
            return self._change.wait_for(lambda: self._is_free(account), SHORT_PATIENCE if is_one_of_many else PATIENCE)
        finally:
            self._waiting[account] -= 1
            if not self._waiting[account]:
                del self._waiting[account]


class _TimeLimits:
    """Interrupts queries whose time is over; one thread for all of a process, which sleeps while none runs."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._running: dict[int, tuple[float, DuckDBPyConnection]] = {}
        self._thread: threading.Thread | None = None

    def begin(self, cursor: "DuckDBPyConnection", until: float) -> None:
        """Interrupt the query of a cursor at a moment, unless it ended."""
        with self._change:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="time limits of queries", daemon=True)
                self._thread.start()
            if not self._running:
                self._change.notify()
            self._running[id(cursor)] = (until, cursor)

    def end(self, cursor: "DuckDBPyConnection") -> None:
        """Forget a query; its cursor may be used for another one."""
        with self._change:
            self._running.pop(id(cursor), None)

    def _watch(self) -> None:
        while True:
            with self._change:
                if not self._change.wait_for(lambda: self._running, _IDLE):
                    self._thread = None
                    return
                now = time.monotonic()
                for until, cursor in self._running.values():
                    if until <= now:
                        cursor.interrupt()  # again and again: one that comes before the query begins is lost
            time.sleep(_CHECK_EVERY)


@dataclass(frozen=True)
class QueryLimits:
    """What queries of a process may take together.

    Attributes:
        seconds: time limit of one request's queries.
        memory: bytes of all.
        folder: the only folder that DuckDB may write to, for exports.
        threads: of DuckDB, for all queries.
    """

    seconds: float
    memory: int
    folder: Path
    threads: int = MOST_THREADS
    _pages: Turns = field(default_factory=lambda: Turns(AT_ONCE, WAITING, WAITING_OF_ACCOUNT))
    _exports: Turns = field(default_factory=lambda: Turns(EXPORTS_AT_ONCE))
    _times: _TimeLimits = field(default_factory=_TimeLimits)

    def turn(self, budget: QueryBudget, is_export: bool = False) -> AbstractContextManager[None]:
        """Give a turn for one query as a block; raises TooManyQueriesError."""
        if is_export:
            return self._exports.turn(budget.account, _EXPORTS_RUN)
        return self._pages.turn(budget.account, _QUERIES_RUN)

    @contextmanager
    def in_time(self, cursor: "DuckDBPyConnection", budget: QueryBudget, seconds: float | None) -> Iterator[None]:
        """End a query of the block at its time limit: `seconds`, or the end of its request's budget.

        Raises:
            QueryTooLargeError: it took too much time or memory.
        """
        import duckdb

        limit = seconds or budget.seconds or self.seconds
        until = budget.until if seconds is None and budget.until is not None else time.monotonic() + limit
        if until <= time.monotonic():
            raise QueryTooLargeError(_too_slow(limit))
        self._times.begin(cursor, until)
        try:
            yield
        except duckdb.InterruptException:
            raise QueryTooLargeError(_too_slow(limit)) from None
        except duckdb.OutOfMemoryException:
            raise QueryTooLargeError(
                "the query needs more memory than a page may take; filter by more columns"
            ) from None
        finally:
            self._times.end(cursor)


def _too_slow(seconds: float) -> str:
    return f"the query took longer than {seconds:g} s; filter by more columns"


_QUERIES_RUN = "many queries run at the moment; try again in some seconds"
_EXPORTS_RUN = "other files are being written at the moment; try again in a minute"
