"""A worker: takes runs from the queue and executes each in a process of its own, on any machine of a shared lake.

Here: starting Celery's worker for Dagster's runs, and waiting while the lake is another release's. Not here: the
options of the queue (resources/instance_config.py), who puts runs there (resources/queue_launcher.py), and what a run
does.

A run of a worker whose release did not make the tables of the lake would write nothing and fail, and so would the next
one. Such a worker gives the run back to the queue, finishes its others, and starts again, with the release that is
installed by then; a worker that starts waits until the lake is its release's. So an upgrade needs no order of starts.
"""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from typing import Any

from vsf_assets.common.errors import OtherReleaseError, UsageError
from vsf_assets.config.settings import Settings
from vsf_assets.resources.instance_config import OWN, QUEUE_OPTIONS, RUNS

_PAUSE_SECONDS = 5.0
"""Time until it is compared with the release of the lake again."""


def work(settings: Settings, name: str, runs: int, takes_own: bool) -> None:
    """Execute runs until SIGTERM, after which those that go on are finished.

    Args:
        settings: a home of this worker; its folders are scratch.
        name: of the worker; empty for one of host and process.
        runs: highest number of runs at once.
        takes_own: whether it also takes runs that need the folders of this home.

    Raises:
        UsageError: there is no queue, or the packages are not installed.
    """
    if not settings.broker:
        raise UsageError("a worker takes runs from a queue; name its broker by VSF_BROKER, e.g. redis://redis:6379/0")
    try:
        from dagster_celery.make_app import make_app
        from dagster_celery.tasks import create_execute_job_task
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}; install the workers' packages: pip install 'vsf-assets[lake,workers]'") from error
    from vsf_assets.defs.local_runner import open_instance

    _wait_for_this_release(settings)
    with open_instance(settings):
        pass  # writes dagster.yaml; says at once when the database cannot be used
    arguments = {"broker": settings.broker, "backend": None, "config_source": QUEUE_OPTIONS}
    app = make_app(arguments)  # type: ignore[no-untyped-call]
    must_restart = multiprocessing.get_context("fork").Event()
    _only_of_this_release(app, create_execute_job_task(app).run, settings, must_restart)
    queues = ",".join((RUNS, OWN) if takes_own else (RUNS,))
    named = name or f"{socket.gethostname()}-{os.getpid()}"
    words = ["--pool=prefork", f"--concurrency={runs}", "-Q", queues, "-n", f"{named}@%h", "--loglevel=INFO"]
    app.worker_main(["worker", *words, "--without-gossip", "--without-mingle"])
    if must_restart.is_set():
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same program


def other_release(settings: Settings) -> str | None:
    """Return why this release may not write to the lake, or None if it may.

    Raises:
        VsfError: there is no lake, or the database cannot be used.
    """
    from vsf_assets.warehouse.connection import Warehouse

    try:
        Warehouse.of(settings).require_prepared_tables()
    except OtherReleaseError as error:
        return str(error)
    return None


def _wait_for_this_release(settings: Settings) -> None:
    said = ""
    while (why := other_release(settings)) is not None:
        if why != said:
            print(f"this worker waits: {why}", file=sys.stderr, flush=True)  # noqa: T201 - its log
            said = why
        time.sleep(_PAUSE_SECONDS)


def _only_of_this_release(app: Any, run: Callable[[str], int], settings: Settings, must_restart: Event) -> None:
    """Replace the task that executes a run by one that gives it back where the lake is another release's."""
    from celery.exceptions import Reject
    from dagster_celery.config import TASK_EXECUTE_JOB_NAME

    def execute(execute_job_args_packed: Any) -> int:
        if why := other_release(settings):
            print(f"this worker gives a run back: {why}", file=sys.stderr, flush=True)  # noqa: T201 - its log
            must_restart.set()
            os.kill(os.getppid(), signal.SIGTERM)  # takes no more runs, and finishes those that go on
            raise Reject(why, requeue=True)
        return run(execute_job_args_packed)

    del app.tasks[TASK_EXECUTE_JOB_NAME]
    app.task(name=TASK_EXECUTE_JOB_NAME, track_started=True)(execute)
