"""The spare process: it has imported everything, has opened nothing, and waits for one run or command, which it does.

The supervisor starts the next one as soon as a run takes this one. A process of its own for each run, because DuckDB,
polars and gRPC do not survive a fork with threads. Here: the preparation, the wait, and the run. Not here: how a run is
handed over (resources/run_handover.py, resources/run_launcher.py), or the work of a `vsf run`
(resources/work_handover.py, spare_work.py).
"""

import argparse
import contextlib
import importlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import VsfError
from vsf_assets.common.interpreter_tricks import files_of_imported, spare_the_living
from vsf_assets.config.settings import fix_surroundings, read_settings
from vsf_assets.resources.run_handover import Spare, listen, write_spare
from vsf_assets.resources.work_handover import WORK
from vsf_assets.service.spare_work import CommandWork, do_for_command, work_of_command

_IMPORTED_LATER = ("duckdb", "polars", "pandera.polars", "vsf_assets.pipeline.ingest", "vsf_assets.pipeline.build")
"""Modules that definitions do not import, and most runs do."""


def main() -> None:
    """Prepare, wait for a run, execute it, and end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    home: Path = parser.parse_args().home
    fix_surroundings()
    definitions = _prepare()
    spare_the_living()  # what is imported stays, and each collection of the run would scan it
    stamps = _stamps(home)
    taken = _wait(home, stamps)
    if isinstance(taken, str):
        _execute(definitions.get_repository_def(), taken)
    elif taken is not None:
        do_for_command(definitions, taken)


def _prepare() -> Any:
    """Import what a run needs, load the definitions, and do what is done once per process; return the definitions."""
    import dagster as dg

    from vsf_assets.definitions import defs
    from vsf_assets.defs.marts import publishing_job_name
    from vsf_assets.feeds import families
    from vsf_assets.transform.dbt_runner import warm_up

    for name in _IMPORTED_LATER:
        importlib.import_module(name)
    made: Any = defs
    definitions = made()
    repository = definitions.get_repository_def()
    for family in families():
        repository.get_job(publishing_job_name(family))
    with dg.DagsterInstance.get() as instance:  # imports the storages and checks dagster.yaml
        instance.get_run_by_id("")
    with contextlib.suppress(VsfError):  # an invalid setting is an error of the run, which names it
        warm_up(read_settings())
    return definitions


def _stamps(home: Path) -> dict[str, int]:
    """Return file -> modified time (nanoseconds) of the imported modules of this package and of the parsed models."""
    from vsf_assets.transform.dbt_paths import manifest_file

    return {file: _modified(file) for file in [*files_of_imported("vsf_assets"), str(manifest_file(home))]}


def _modified(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0


def _wait(home: Path, stamps: dict[str, int]) -> str | CommandWork | None:
    """Wait, and return the id of a run, or the work of a command; None if the code was changed since the start."""
    listening, path = listen(home / "service")
    with listening:
        write_spare(home, Spare(os.getpid(), path))
        try:
            while True:
                connection, _ = listening.accept()
                with contextlib.ExitStack() as stack, contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    stack.enter_context(connection)
                    connection.settimeout(2)
                    with connection.makefile("rb") as stream:
                        question = json.loads(stream.readline())
                    is_current = _stamps(home).items() >= stamps.items()
                    taken = _taken(question, connection) if is_current else None
                    _send(connection, {"ready": is_current, "taken": taken is not None})
                    if taken is not None:
                        write_spare(home, Spare(os.getpid(), ""))
                    if isinstance(taken, CommandWork):
                        stack.pop_all()  # the connection stays open until the work is done
                    if taken is not None or not is_current:
                        return taken
        finally:
            Path(path).unlink(missing_ok=True)


def _taken(question: Any, connection: socket.socket) -> str | CommandWork | None:
    """Return what a question wants done; None if it only asks, or must not be done by this process.

    Raises:
        KeyError, TypeError: the question is none.
    """
    if question["ask"] == "run":
        return str(question["run_id"])
    return work_of_command(question, connection) if question["ask"] == WORK else None


def _send(connection: socket.socket, answer: dict[str, bool]) -> None:
    """Send an answer; the caller does not get a run whose answer could not be sent.

    Raises:
        OSError: the side that asked is gone.
    """
    connection.sendall(json.dumps(answer).encode() + b"\n")


def _execute(repository: Any, run_id: str) -> None:
    """Execute a run and record its end.

    SIGINT is the end of a run by a person, SIGUSR1 by the end of the service: such a run is asked for again.
    """
    import dagster as dg

    from vsf_assets.resources.dagster_private import execute_launched_run
    from vsf_assets.resources.event_log_storage import buffered_events
    from vsf_assets.resources.run_tags import STOPPED

    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGUSR1, stop)
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is None:
            return
        with buffered_events(instance):
            execute_launched_run(instance, repository.get_job(run.job_name), run)
        if stopped:
            instance.add_run_tags(run_id, {STOPPED: "yes"})


if __name__ == "__main__":
    main()
