"""The workers of a run of the tests, forked from one process that has imported and collected all tests.

A worker that starts by itself takes seven seconds to import the libraries and to collect; one of several that are
forked takes one. Here: starting the process to fork from, naming it to xdist, and what it and a worker do. Not here:
forking (forks.py), and processes that tests start.
"""

import atexit
import gc
import os
import random
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from vsf_assets_tests import spent_time
from vsf_assets_tests.forks import HELLO, end, make_what_is_kept, new_socket, serve, start_server, wait_for_keepers

STARTED_BY = Path(__file__).with_name("worker_start.py")


def fork_workers(config: pytest.Config, specs: Sequence[object]) -> None:
    """Let xdist start its workers as forks of one process, which is started and has collected at the end.

    Args:
        config: pytest's, of the process that distributes the tests.
        specs: execnet's, one for each worker; those that name an interpreter stay as they are.
    """
    chosen = [spec for spec in specs if getattr(spec, "popen", None) and not getattr(spec, "python", None)]
    if not chosen:
        return
    address = f"vsf-workers-{os.getpid()}"
    left_out = [word for path in config.getoption("ignore") or () for word in ("--ignore", path)]
    with new_socket() as listener:
        listener.bind(f"\0{address}")
        listener.listen(100)
        start_server(listener, "vsf_assets_tests.workers", str(len(chosen)), *left_out, *config.args)
    connection = new_socket()  # it serves until this is closed
    connection.connect(f"\0{address}")
    atexit.register(connection.close)
    answer = connection.recv(100).decode()
    assert answer, "the process to fork workers from has ended; its errors stand above"
    spent_time.before_workers = float(answer.split()[1])
    for spec in chosen:
        spec.python = f"'{sys.executable}' -S -E '{STARTED_BY}' {address}"  # type: ignore[attr-defined]


def work() -> None:
    """Do what execnet has an interpreter do: read a line of code and run it, which serves until the input ends."""
    random.seed()
    exec(eval(sys.stdin.readline()), {"__name__": "__main__"})


def _names_of_threads() -> set[str]:
    """Return the names of all threads of this process, also of those that libraries made."""
    return {task.joinpath("comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}


def main() -> None:
    """Import and collect all tests, and fork workers on request."""
    descriptor, workers, *arguments = sys.argv[1:]
    listener = socket.socket(fileno=int(descriptor))
    gc.disable()  # what is imported and collected stays
    pytest.main(["--collect-only", "-qq", "-n", "0", "-p", "no:cacheprovider", *arguments])
    if int(workers) > 1 and "vsf_assets_tests.instances" in sys.modules:  # tests of Dagster are among them
        make_what_is_kept()
    assert threading.enumerate() == [threading.main_thread()], "a fork would copy one thread of several"
    assert "polars-0" not in _names_of_threads(), "a module computes with polars when it is imported: use a fixture"
    gc.collect()
    gc.freeze()  # a collection in a worker would write to every object, and copy all memory
    gc.enable()
    done = serve(listener, HELLO + f" {spent_time.processor_seconds()}".encode())
    if done is not None:
        end(done)
    wait_for_keepers()  # so that all processor time is counted


if __name__ == "__main__":
    main()
