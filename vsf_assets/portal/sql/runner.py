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
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import interpreter_environment
from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.portal.sql.bound_values import Bound
from vsf_assets.portal.sql.fork_server import LATER
from vsf_assets.portal.sql.limits import LONGEST_SQL, SqlLimits
from vsf_assets.portal.sql.messages import QueryPlace
from vsf_assets.snapshots.query_turns import TooManyQueriesError, Turns

AT_ONCE = 2
"""Queries of a portal process that run at the same time; others wait."""

WAITING, WAITING_OF_ACCOUNT = 2, 1
"""Queries of a portal process, and of one account, that wait for some seconds; each holds a thread of the server, so
that more of them are refused at once."""

_BUSY = "Other queries are running. Try again in some seconds; queries of one account run one after the other."

_TOO_LONG = (
    "The query took longer than {:g} s. Filter by a date or a key before joining and grouping, join on keys, or try it"
    " on a part first, like: from (from marts.fct_activity_events limit 1000)."
)

_ENDED = "The query's process was ended by the system: it needed more memory or depth than one query may have."


class SqlError(VsfError):
    """A query gave no rows; `kind` says why, and `place` at which line and column of the query, if that is known.

    Kinds: refused (not one statement that reads), failed (DuckDB's message), time, too_large, busy, sandbox (the
    process could not be confined, so nothing ran), ended (the process was ended by the system), stopped (the client
    left).
    """

    def __init__(self, kind: str, message: str, place: QueryPlace | None = None) -> None:
        super().__init__(f"{message} (line {place.line}, column {place.column})" if place else message)
        self.kind, self.place, self.text = kind, place, message


@dataclass(frozen=True)
class SqlAnswer:
    """The rows of a query.

    Attributes:
        columns: (name, type of DuckDB) of each column.
        rows: values as JSON has them; see query.py.
        is_cut: whether there were more rows than the limit.
        seconds: time that the query took, with its process.
        parameters: names of the parameters that the query has.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    is_cut: bool
    seconds: float
    parameters: tuple[str, ...] = ()


class SqlRunner:
    """Runs queries; thread-safe. One server of this process is shared by all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = Turns(AT_ONCE, WAITING, WAITING_OF_ACCOUNT)
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def run(
        self,
        snapshot: Path | AbstractContextManager[Path],
        sql: str,
        limits: SqlLimits,
        account: str = "",
        bound: Mapping[str, Bound] | None = None,
        left: ClientLeft | None = None,
    ) -> SqlAnswer:
        """Return the answer to a query on a snapshot's file.

        Args:
            snapshot: the file, or a block that gives it, which is entered when the query has its turn.
            sql: the query.
            limits: what it may take.
            account: who asks; queries of one account run one after the other. Empty for none.
            bound: name -> value of the parameters; those that the query does not have are left out.
            left: says when the client leaves, which ends the query.

        Raises:
            SqlError: the query gave no rows.
        """
        if len(sql) > LONGEST_SQL:
            raise SqlError("refused", f"The query has {len(sql):,} characters, and {LONGEST_SQL:,} are allowed.")
        if reason := _unreadable(sql):
            raise SqlError("refused", f"The query has {reason}.")
        began = time.monotonic()
        with self._turn(account), nullcontext(snapshot) if isinstance(snapshot, Path) else snapshot as file:
            given = {name: list(value) for name, value in (bound or {}).items()}
            request = _as_json({"path": str(file.resolve()), "sql": sql, "limits": asdict(limits), "bound": given})
            left = left or ClientLeft()
            with self._connection(limits.seconds) as (connection, leash), left.calls(lambda: _close(leash)):
                content = _ask(connection, request, limits, left)
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
    def _connection(self, seconds: float) -> Iterator[tuple[socket.socket, socket.socket]]:
        """Hand one end of a new connection and of a leash to a new process, and yield the others.

        When the block ends, the leash ends the process, if it still runs.
        """
        with ExitStack() as ours, ExitStack() as theirs:
            pairs = [socket.socketpair() for _ in range(2)]
            kept = [ours.enter_context(pair[0]) for pair in pairs]
            given = [theirs.enter_context(pair[1]) for pair in pairs]
            self._hand_over(given, b"%.3f" % seconds)
            theirs.close()
            yield kept[0], kept[1]

    def _hand_over(self, given: list[socket.socket], message: bytes) -> None:
        with self._lock:
            for is_last in (False, True):
                try:
                    socket.send_fds(self._running(), [message], [one.fileno() for one in given])
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


def _unreadable(sql: str) -> str:
    """Return which character of a query DuckDB cannot read; empty for none. JSON can name half a character."""
    if "\0" in sql:
        return "a NUL character"
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        return f"half a character (U+{ord(sql[error.start]):04X}) at place {error.start + 1:,}"
    return ""


def _close(leash: socket.socket) -> None:
    """End the process that holds the other end of a leash; the thread that waits for its answer wakes up."""
    with suppress(OSError):  # it has ended by itself
        leash.shutdown(socket.SHUT_RDWR)


def _ask(connection: socket.socket, request: bytes, limits: SqlLimits, left: ClientLeft) -> bytes:
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the process ended early; reading says so
    return _read_answer(connection, limits, left)


def _read_answer(connection: socket.socket, limits: SqlLimits, left: ClientLeft) -> bytes:
    """Return the bytes of an answer.

    Raises:
        SqlError: the process ended without one, its time is over, or the client left.
    """
    deadline = time.monotonic() + limits.seconds + LATER + 1
    content = _read_until(connection, deadline, limits.answer_mb * 3_000_000)
    if len(content) >= 8 and len(content) == 8 + int.from_bytes(content[:8], "big"):
        return content[8:]
    if left.is_set:
        raise SqlError("stopped", "The query was stopped.")
    if time.monotonic() >= deadline - LATER - 1.1:
        raise SqlError("time", _TOO_LONG.format(limits.seconds))
    raise SqlError("ended", _ENDED)


def _read_until(connection: socket.socket, deadline: float, most: int) -> bytes:
    """Return what a process wrote, a length of 8 bytes and that many, until it ended, the deadline, or `most` bytes."""
    parts: list[bytes] = []
    size, length = 0, None
    while (length is None or size < length) and size <= most:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            part = connection.recv(1 << 20)
        except OSError:  # its time is over, or the server ended before the process began
            break
        if not part:
            break
        parts.append(part)
        size += len(part)
        if length is None and size >= 8:
            length = 8 + int.from_bytes(b"".join(parts)[:8], "big")
    return b"".join(parts)


def _answer_of(content: bytes, seconds: float) -> SqlAnswer:
    import orjson

    found = orjson.loads(content)
    if "error" in found:
        place = found["place"]
        raise SqlError(found["error"], found["message"], QueryPlace(int(place[0]), int(place[1])) if place else None)
    columns = [(str(name), str(kind)) for name, kind in found["columns"]]
    parameters = tuple(map(str, found["parameters"]))
    return SqlAnswer(columns, list(found["rows"]), bool(found["is_cut"]), seconds, parameters)


def _as_json(request: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(request)
