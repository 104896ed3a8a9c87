"""A process with one thread that has DuckDB imported and forks one process per query.

Here: its loop, as a program: `python -m vsf_assets.portal.sql.fork_server FD`. FD is a socket; each message on it
brings two: a connection, from which the forked process reads its request and to which it writes its answer, and a
leash, on which nothing is ever sent: the process ends when its other end is closed. A process that lives longer than
its time is killed, and all are when the other end of FD is closed. Not here: the query
(query.py), and the one who asks (runner.py).
"""

import fcntl
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn

from vsf_assets.portal.sql.sandbox import die_with_parent

LATER = 2.0
"""Seconds after which a process that outlived its own alarm is killed."""

_CHECK_EVERY = 0.5


def main(control: socket.socket) -> None:
    """Serve until the other end of the control socket is closed."""
    import duckdb  # noqa: F401 - the forked processes have it then
    import orjson  # noqa: F401
    import pytz  # noqa: F401 - DuckDB makes times with a zone of it, and a confined process can import nothing

    import vsf_assets.portal.sql.query  # noqa: F401

    deadlines: dict[int, float] = {}
    wake, woken = socket.socketpair()
    wake.settimeout(0.0)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([control, woken], [], [], _CHECK_EVERY if deadlines else None)
        if woken in ready:
            woken.recv(4096)
        _reap(deadlines)
        if control in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 64, 2)
            if not message:
                break
            connection, leash = (socket.socket(fileno=descriptor) for descriptor in descriptors)
            _fork(connection, leash, float(message), deadlines, (control, wake, woken))
    for process in deadlines:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _reap(deadlines: dict[int, float]) -> None:
    """Forget processes that ended; kill those whose time is over."""
    now = time.monotonic()
    for process, deadline in list(deadlines.items()):
        if os.waitpid(process, os.WNOHANG) != (0, 0):
            del deadlines[process]
        elif now > deadline:
            os.kill(process, signal.SIGKILL)


def _fork(
    connection: socket.socket,
    leash: socket.socket,
    seconds: float,
    deadlines: dict[int, float],
    own: tuple[socket.socket, ...],
) -> None:
    process = os.fork()
    if process:
        connection.close()
        leash.close()
        deadlines[process] = time.monotonic() + seconds + LATER
        return
    try:
        _say_nothing()
        signal.set_wakeup_fd(-1)
        for ours in own:
            ours.close()
        _answer(connection, leash)
    except BaseException:  # noqa: BLE001 - nothing of a forked process may run on in the server's loop
        os._exit(1)
    os._exit(0)


def _say_nothing() -> None:
    """Lead what this process writes nowhere: DuckDB prints profiles and logs, with words of the query, if asked to."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _answer(connection: socket.socket, leash: socket.socket) -> None:
    import orjson

    from vsf_assets.portal.sql.bound_values import Bound
    from vsf_assets.portal.sql.limits import SqlLimits
    from vsf_assets.portal.sql.query import answer

    die_with_parent()
    _die_with_asker(leash)
    request = orjson.loads(_read_all(connection))
    bound = {name: Bound(*value) for name, value in request["bound"].items()}
    content = answer(request["path"], request["sql"], SqlLimits(**request["limits"]), bound)
    connection.sendall(len(content).to_bytes(8, "big") + content)
    connection.shutdown(socket.SHUT_RDWR)


def _die_with_asker(leash: socket.socket) -> None:
    """Let the kernel end this process when the other end of its leash is closed, also within a query.

    The signal is SIGIO, whose default is the end of the process; no thread is needed, which Landlock would not bind.
    """
    fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)
    watch = select.poll()
    watch.register(leash, 0)
    if watch.poll(0):  # it was closed before the kernel was asked to watch it
        os._exit(1)


def _read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _program() -> NoReturn:
    main(socket.socket(fileno=int(sys.argv[1])))
    sys.exit()


if __name__ == "__main__":
    _program()
