"""Asks the fork server to run a query on a snapshot, and returns its answer or says what was wrong with it.

Here: starting the server when it is first needed and again when it died, turns, the time limit as seen from outside,
and checks of what comes back: the process that answers ran what a person wrote, so its bytes are read as JSON and
nothing else. Not here: the confined process (query.py, sandbox.py).
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import interpreter_environment
from vsf_assets.portal.sql.fork_server import LATER
from vsf_assets.portal.sql.limits import LONGEST_SQL, SqlLimits
from vsf_assets.snapshots.query_turns import TooManyQueriesError, Turns

AT_ONCE = 2
"""Queries of a portal process that run at the same time; others wait."""

WAITING, WAITING_OF_ACCOUNT = 2, 1
"""Queries of a portal process, and of one account, that wait for some seconds; each holds a thread of the server, so
that more of them are refused at once."""

_BUSY = "Other queries are running. Try again in some seconds; queries of one account run one after the other."


class SqlError(VsfError):
    """A query gave no rows; `kind` says why.

    Kinds: refused (not one statement that reads), failed (DuckDB's message), time, too_large, busy, sandbox (the
    process could not be confined, so nothing ran), ended (the process was ended by the system).
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class SqlAnswer:
    """The rows of a query.

    Attributes:
        columns: (name, type of DuckDB) of each column.
        rows: values as JSON has them; see query.py.
        is_cut: whether there were more rows than the limit.
        seconds: time that the query took, with its process.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    is_cut: bool
    seconds: float


class SqlRunner:
    """Runs queries; thread-safe. One server of this process is shared by all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = Turns(AT_ONCE, WAITING, WAITING_OF_ACCOUNT)
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def run(
        self, snapshot: Path | AbstractContextManager[Path], sql: str, limits: SqlLimits, account: str = ""
    ) -> SqlAnswer:
        """Return the answer to a query on a snapshot's file.

        Args:
            snapshot: the file, or a block that gives it, which is entered when the query has its turn.
            sql: the query.
            limits: what it may take.
            account: who asks; queries of one account run one after the other. Empty for none.

        Raises:
            SqlError: the query gave no rows.
        """
        if len(sql) > LONGEST_SQL:
            raise SqlError("refused", f"The query has {len(sql):,} characters, and {LONGEST_SQL:,} are allowed.")
        if "\0" in sql:
            raise SqlError("refused", "The query has a NUL character.")
        began = time.monotonic()
        with self._turn(account), nullcontext(snapshot) if isinstance(snapshot, Path) else snapshot as file:
            request = _as_json({"path": str(file.resolve()), "sql": sql, "limits": asdict(limits)})
            with self._connection(limits.seconds) as connection:
                content = _ask(connection, request, limits)
        return _answer_of(content, time.monotonic() - began)

    def close(self) -> None:
        """End the server and the queries that still run."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._server is not None:
                self._server.wait(10)
            self._control = self._server = None

    @contextmanager
    def _turn(self, account: str) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._turns.turn(account, _BUSY))
            except TooManyQueriesError as error:
                raise SqlError("busy", str(error)) from None
            yield

    @contextmanager
    def _connection(self, seconds: float) -> Iterator[socket.socket]:
        """Hand one end of a new connection to a new process, and yield the other."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs, b"%.3f" % seconds)
            yield ours

    def _hand_over(self, connection: socket.socket, message: bytes) -> None:
        with self._lock:
            for is_last in (False, True):
                try:
                    socket.send_fds(self._running(), [message], [connection.fileno()])
                except OSError as error:
                    self._forget()
                    if is_last:
                        raise SqlError("ended", f"the process that runs queries did not start: {error}") from error
                else:
                    return

    def _running(self) -> socket.socket:
        """Return the control socket of a server that runs, started if it does not."""
        if self._server is not None and self._server.poll() is not None:
            self._forget()
        if self._control is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                number = theirs.fileno()
                self._server = subprocess.Popen(
                    [sys.executable, "-P", "-m", "vsf_assets.portal.sql.fork_server", str(number)],
                    pass_fds=[number],
                    stdin=subprocess.DEVNULL,
                    env=interpreter_environment(),
                    cwd="/",
                )
            self._control = ours
        return self._control

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.kill()
            self._server.wait(10)
        self._control = self._server = None


def _ask(connection: socket.socket, request: bytes, limits: SqlLimits) -> bytes:
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the process ended early; reading says so
    return _read_answer(connection, limits)


def _read_answer(connection: socket.socket, limits: SqlLimits) -> bytes:
    """Return the bytes of an answer.

    Raises:
        SqlError: the process ended without one, or its time is over.
    """
    deadline = time.monotonic() + limits.seconds + LATER + 1
    most = limits.answer_mb * 3_000_000
    parts: list[bytes] = []
    size, length = 0, None
    while length is None or size < length:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            part = connection.recv(1 << 20)
        except OSError:  # its time is over, or the server ended before the process began
            part = b""
        if not part:
            break
        parts.append(part)
        size += len(part)
        if length is None and size >= 8:
            length = 8 + int.from_bytes(b"".join(parts)[:8], "big")
        if size > most:
            break
    content = b"".join(parts)
    if length is not None and len(content) == length:
        return content[8:]
    if time.monotonic() >= deadline - LATER - 1.1:
        raise SqlError("time", f"The query took longer than {limits.seconds:g} s. Ask for less, or filter earlier.")
    raise SqlError(
        "ended",
        "The query's process was ended by the system: it needed more memory or depth than one query may have.",
    )


def _answer_of(content: bytes, seconds: float) -> SqlAnswer:
    import orjson

    found = orjson.loads(content)
    if "error" in found:
        raise SqlError(found["error"], found["message"])
    columns = [(str(name), str(kind)) for name, kind in found["columns"]]
    return SqlAnswer(columns, list(found["rows"]), bool(found["is_cut"]), seconds)


def _as_json(request: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(request)
