"""A process beside a cold command that imports dbt while the command loads files, and then builds for it.

Importing dbt, decoding the parsed models and building the JSON schemas of dbt's classes take a third of a small run,
and need nothing of what the run does before its build. Here: both sides; the child is started with `python -m`. Not
here: the build (dbt_runner.py), and the spare process of the service, which has all of this done (service/).

Nothing changes for the warehouse: the caller holds the lock, and the child holds it too while it builds, by the
same descriptor. If the caller dies, the child ends, and only then is the lock free. Ctrl-C reaches the caller alone,
which kills the child: DuckDB rolls back what was not committed, as after any crash.
"""

import contextlib
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.common.interpreter_tricks import garbage_left_to_exit, is_imported
from vsf_assets.config.settings import Settings, child_environment, fix_surroundings
from vsf_assets.storage.full_disk import is_full
from vsf_assets.transform import dbt_runner
from vsf_assets.transform.dbt_runner import DbtOutcome
from vsf_assets.warehouse.connection import Warehouse

_LENGTH = struct.Struct("!Q")

_WAIT_SECONDS = 0.5
"""How long a side waits at a time."""


class _GoneError(Exception):
    """The other side has ended."""


class DbtProcess:
    """The side of the caller."""

    def __init__(self, settings: Settings) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=child_environment({"VSF_HOME": str(settings.home)}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C reaches the caller only
            )
        self._connection = ours
        with contextlib.suppress(OSError):
            _send(ours, settings)

    def build(self, warehouse: Warehouse, select: Sequence[str], full: bool, lock: int) -> DbtOutcome | None:
        """Build as `dbt_runner.build`, in the child; None if it has ended, so that the caller has to build.

        The child then holds the lock, too, whose descriptor it gets.
        """
        with dbt_runner.interruptible():
            try:
                _send(self._connection, (warehouse.settings, warehouse.form, list(select), full))
                socket.send_fds(self._connection, [b"l"], [lock])
                outcome, error = _receive(self._connection)
            except (_GoneError, OSError):
                self.end()
                return None
            except BaseException:
                self.end()  # before the caller gives the lock back
                raise
        if error is not None:
            raise error
        built: DbtOutcome | None = outcome
        return built

    def end(self) -> None:
        """End the child, and wait until it is gone."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


_waiting: list[DbtProcess] = []


@contextmanager
def dbt_in_advance(settings: Settings) -> Iterator[None]:
    """Let a child import dbt while the block does other things; builds within the block are done by the child.

    A process that has Dagster imported already, or one processor only, gains nothing, and builds by itself. Within a
    block that has a child, there is no second one.
    """
    processors = len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else "1")
    if _waiting or is_imported("dagster") or processors < 2:
        yield
        return
    process = DbtProcess(settings)
    _waiting.append(process)
    try:
        yield
    finally:
        _waiting.remove(process)
        process.end()


def build(warehouse: Warehouse, select: Sequence[str], full: bool, lock: int) -> DbtOutcome:
    """Build as `dbt_runner.build`, in the process that waits for it, or here; `lock` is the warehouse's, held."""
    for process in _waiting:
        outcome = process.build(warehouse, select, full, lock)
        if outcome is not None:
            return outcome
    return dbt_runner.build(warehouse, select, full)


def _send(connection: socket.socket, value: Any) -> None:
    content = pickle.dumps(value)
    connection.sendall(_LENGTH.pack(len(content)) + content)


def _receive(connection: socket.socket) -> Any:
    """Return the next value of the other side, which is this program.

    Raises:
        _GoneError: there is none.
    """
    (length,) = _LENGTH.unpack(_read(connection, _LENGTH.size))
    return pickle.loads(_read(connection, length))  # noqa: S301 - from our own child, or parent


def _read(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        # Python answers a signal that arrives just before a wait only after it.
        while not select.select([connection], [], [], _WAIT_SECONDS)[0]:
            pass
        part = connection.recv(min(length - len(content), 1 << 20))
        if not part:
            raise _GoneError
        content += part
    return bytes(content)


def main() -> None:
    """Import and prepare dbt, then build whenever the caller asks, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides
    connection = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_with_caller, args=(connection,), daemon=True).start()
    fix_surroundings()
    settings = _receive(connection)
    with garbage_left_to_exit():
        # An error here is one of the build, too, which raises it where it is shown.
        with contextlib.suppress(Exception):
            dbt_runner.warm_up(settings)
        while True:
            try:
                wanted = _receive(connection)
            except _GoneError:
                return
            _, (lock, *_), _, _ = socket.recv_fds(connection, 1, 1)
            answer = _answer(wanted)
            os.close(lock)
            _send(connection, answer)


def _answer(wanted: tuple[Any, ...]) -> tuple[DbtOutcome | None, Exception | None]:
    """Return the outcome of a build, or its error; neither, if the caller has to meet the error itself to show it."""
    try:
        settings, form, select, full = wanted
        return dbt_runner.build(Warehouse(settings, form), select, full), None
    except Exception as error:  # noqa: BLE001 - the caller raises it, or meets it as well
        is_plain = isinstance(error, VsfError) and not is_full(error)
        return None, type(error)(str(error)) if is_plain else None


def _end_with_caller(connection: socket.socket) -> None:
    """End this process as soon as the caller has ended, while it imports or builds; the file then rolls back."""
    its_end = select.poll()
    its_end.register(connection, 0)  # without a mask, the end of the other side is all that is reported
    while not its_end.poll():
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
