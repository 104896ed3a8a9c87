"""Processes of tests that crash and are killed, forked from one that has imported everything: a start costs nothing.

Here: `vsf` commands and other functions in processes of their own, with environment, output, signals and exit code of
a process that was started; at the end they wait for threads and run what was registered for it. Not here: tests of the
start of an interpreter (cli/test_output.py, cli/test_surroundings.py), what such processes do, and the workers of a run
of the tests, which are forked in the same way from a process of their own (workers.py).

The process to fork from is started by the first who asks, and serves all processes of a run of the tests, as long as
they last: to import everything takes seconds. A fork copies only the thread that calls it, so no thread of ours may run
there; the allocators' and numpy's own know of forks.
For each request it forks a keeper, which forks the process, reports its id, waits for it and reports how it ended.
"""

import atexit
import contextlib
import errno
import gc
import importlib
import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests import spent_time

PRELOADED = (
    *("duckdb", "pandera.polars", "dbt.cli.main", "dbt.adapters.duckdb", "boto3", "botocore.httpsession"),
    *("vsf_assets.cli.main", "vsf_assets.cli.run", "vsf_assets.definitions", "vsf_assets.warehouse.ledger"),
    *("vsf_assets.pipeline.build", "vsf_assets.pipeline.ingest_catalog"),
    *("vsf_assets.readers.delimited.validation", "vsf_assets.readers.delimited.fast_parser", "vsf_assets.contracts"),
    *("vsf_assets.readers.dispatch", "vsf_assets.readers.delimited.reader", "vsf_assets.readers.json.read_json"),
    *("vsf_assets.readers.name_list", "vsf_assets.warehouse.comments"),
    *("pandera.backends.polars.builtin_checks", "pandera.backends.polars.container"),
    *("alembic.command", "dagster_dbt", "dagster_duckdb", "dagster._daemon.controller", "dbt.task.build"),
    *("dbt.runners", "dbt_common.clients.agate_helper", "fsspec.implementations.local", "sqlite3"),
    *("vsf_assets_tests.warehouses", "vsf_assets_tests.builds"),
)


class ForkedProcess:
    """A process that was forked, with the interface of `subprocess.Popen` as far as tests use it.

    Attributes:
        pid: its id; it leads a session and a group of its own.
        stdout, stderr: what it prints.
        returncode: as of Popen, negative where a signal ended it; None before it was waited for.
    """

    def __init__(self, module: str, function: str, words: list[str]):
        """Start a function of a module with `words` as sys.argv[1:], in this process's environment and folder."""
        out, err, status = os.pipe(), os.pipe(), os.pipe()
        request = {
            "module": module,
            "function": function,
            "words": words,
            "cwd": str(Path.cwd()),
            "env": dict(os.environ),
        }
        _ask_to_fork(request, [out[1], err[1], status[1]])
        for pipe in (out, err, status):
            os.close(pipe[1])
        self.stdout: TextIO = os.fdopen(out[0], encoding="utf-8")
        self.stderr: TextIO = os.fdopen(err[0], encoding="utf-8")
        self._status = os.fdopen(status[0])
        self.returncode: int | None = None
        line = self._status.readline()
        assert line, "the process to fork from has ended; its errors stand above"
        self.pid = int(line)

    def wait(self, timeout: float = 300) -> int:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            code, seconds = self._status.readline().split()
            self.returncode = int(code)
            spent_time.others += float(seconds)
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Wait for the end and return what it printed, to the output and as errors."""
        found: dict[TextIO, str] = {}
        readers = [
            threading.Thread(target=lambda stream=stream: found.update({stream: stream.read()}), daemon=True)
            for stream in (self.stdout, self.stderr)
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return found[self.stdout], found[self.stderr]

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def start_vsf(*words: str, checked: bool = True, directly: bool = False) -> ForkedProcess:
    """Start the command line; without dbt's data tests where they are not `checked`, `directly` without dbt too."""
    if directly:
        from vsf_assets_tests import prebuilt

        prebuilt.compiled_models(full=False)  # made here, and not by each process
        return ForkedProcess("vsf_assets_tests.forks", "vsf_built_directly", [*words, str(prebuilt.place())])
    if checked:
        return ForkedProcess("vsf_assets.cli.main", "main", list(words))
    return ForkedProcess("vsf_assets_tests.forks", "vsf_unchecked", list(words))


def vsf_unchecked() -> None:
    """Run the command line with builds that leave out dbt's data tests."""
    from vsf_assets.cli.main import main as vsf
    from vsf_assets.transform import dbt_runner as dbt

    dbt.LEFT_OUT = ("unit_test", "test")
    vsf()


def vsf_built_directly() -> None:
    """Run the command line with builds that go without dbt; the last word is where the compiled SQL lies."""
    from vsf_assets.cli.main import main as vsf
    from vsf_assets_tests import prebuilt
    from vsf_assets_tests.builds import built_directly

    prebuilt.use_place(Path(sys.argv.pop()))
    with built_directly(checked=False):
        vsf()


_connection: list[socket.socket] = []
HELLO = b"ready"


def _ask_to_fork(request: dict[str, Any], descriptors: list[int]) -> None:
    if not _connection:
        _connection.append(_connected())
        _connection[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        atexit.register(_connection[0].close)  # runs before the wait for the process that was started here
    socket.send_fds(_connection[0], [json.dumps(request).encode()], descriptors)


def _connected() -> socket.socket:
    """Return a connection to the process to fork from, which is started if there is none."""
    address = f"\0vsf-forks-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    while True:
        with new_socket() as listener:
            if _is_ours(listener, address):
                start_server(listener, "vsf_assets_tests.forks")
        connection = new_socket()
        with contextlib.suppress(ConnectionError):  # it has just ended
            connection.connect(address)
            if connection.recv(len(HELLO)) == HELLO:
                return connection
        connection.close()


def _is_ours(listener: socket.socket, address: str) -> bool:
    """Listen on an address; return False where another process does."""
    try:
        listener.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    listener.listen(100)
    return True


def new_socket() -> socket.socket:
    """Return a socket as the processes to fork from listen at."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def start_server(listener: socket.socket, module: str, *words: str) -> None:
    """Start a module that serves requests to fork at the socket, whose number comes before the words."""
    command = [sys.executable, "-m", module, str(listener.fileno()), *words]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    child = subprocess.Popen(command, cwd=PROJECT_ROOT, pass_fds=[listener.fileno()], start_new_session=True, **quiet)
    atexit.register(child.wait)  # so that its processor time is counted


def serve(listener: socket.socket, hello: bytes = HELLO) -> Callable[[], None] | None:
    """Fork for each request; return in each forked process with what it is to do, and with None when nobody is left.

    Whoever connects is told `hello` first.
    """
    connections: list[socket.socket] = []
    while True:
        ready = select.select([listener, *connections], [], [])[0]
        _reap()
        if listener in ready:
            connections.append(listener.accept()[0])
            connections[-1].send(hello)
            continue
        for connection in ready:
            content, descriptors = _request(connection)
            if content and _fork_keeper() == 0:
                _close_sockets(listener, *connections)
                return _forked(content, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            if not content:
                connections.remove(connection)
                connection.close()
        if not connections:
            return None


def _close_sockets(*sockets: socket.socket) -> None:
    for each in sockets:
        each.close()


def _request(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Receive a request and its descriptors; it is empty when the one who asks has ended.

    The descriptors are those of its output, its errors, where its end is reported, and, if it has any, its input.
    """
    try:
        content, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 4)
    except ConnectionError:
        return b"", []
    return content, descriptors


def _forked(content: bytes, descriptors: list[int]) -> Callable[[], None]:
    """Keep a process, and return in it with what it is to do."""
    pid = os.fork()
    if pid != 0:
        _keep(pid, descriptors)
    os.close(descriptors.pop(2))
    return _prepared(json.loads(content), dict(zip((1, 2, 0), descriptors, strict=False)))


_keepers: list[int] = []


def _fork_keeper() -> int:
    _keepers.append(os.fork())
    return _keepers[-1]


def wait_for_keepers() -> None:
    """Wait for all that was forked to end."""
    for keeper in _keepers:
        with contextlib.suppress(ChildProcessError):  # it was waited for
            os.waitpid(keeper, 0)


def _reap() -> None:
    """Wait for the keepers that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


def _keep(pid: int, descriptors: list[int]) -> NoReturn:
    """Report the id of a process, wait for it, report how it ended and what it used, and end."""
    for descriptor in (*descriptors[:2], *descriptors[3:]):
        os.close(descriptor)
    os.write(descriptors[2], b"%d\n" % pid)
    _, status, used = os.wait4(pid, 0)
    report = f"{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime}\n"
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(descriptors[2], report.encode())
    os._exit(0)


def _prepared(request: dict[str, Any], descriptors: dict[int, int]) -> Callable[[], None]:
    """Become the process that was asked for; return its work.

    Args:
        request: what to do, and where.
        descriptors: number that a file gets in it -> the descriptor that was received.
    """
    os.setsid()
    for number, descriptor in descriptors.items():
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv[1:] = request["words"]
    work: Callable[[], None] = getattr(importlib.import_module(request["module"]), request["function"])
    return work


def main() -> None:
    """Import everything and fork on request; a forked process does its work and ends."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        importlib.import_module(module)
    make_what_is_kept()
    assert threading.enumerate() == [threading.main_thread()], "a fork would copy one thread of several"
    gc.freeze()  # a collection in a forked process would write to every object, and copy all memory
    work = serve(listener)
    if work is not None:
        end(work)


def make_what_is_kept() -> None:
    """Make what a process makes when it is first asked for, and keeps: schemas, definitions, decoders."""
    from vsf_assets.contracts import all_tables
    from vsf_assets.definitions import defs
    from vsf_assets.transform.dbt_paths import DBT_PROJECT, code_versions_file, parsed_folder
    from vsf_assets.transform.dbt_private import read_parsed_project

    for table in all_tables().values():
        assert table.schema.columns
    if code_versions_file(DBT_PROJECT).exists():
        defs().get_repository_def()
    parsed = parsed_folder(DBT_PROJECT) / "partial_parse.msgpack"
    if parsed.exists():
        read_parsed_project(parsed)
    inspect.stack()  # which module a file belongs to
    _keep_migrations()


def _keep_migrations() -> None:
    """Let Alembic read the migrations of a place once: each storage of each home compares its file with them."""
    scripts = importlib.import_module("alembic.script").ScriptDirectory  # Dagster requires Alembic, tests do not
    read, kept = scripts.from_config, dict[str, Any]()

    def from_config(config: Any) -> Any:
        place = str(config.get_main_option("script_location"))
        if place not in kept:
            kept[place] = read(config)
        return kept[place]

    scripts.from_config = from_config


def _exit_code_of(work: Callable[[], None]) -> int:
    """Do the work; return what the interpreter would exit with."""
    try:
        work()
    except SystemExit as stop:
        if stop.code is not None and not isinstance(stop.code, int):
            sys.stderr.write(f"{stop.code}\n")
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def end(work: Callable[[], None]) -> NoReturn:
    """Do the work of a forked process, and end as `multiprocessing` ends what it forked: without destructors.

    Those of libraries would join threads that the fork did not copy (DuckDB, polars), and abort.
    """
    code = _exit_code_of(work)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
