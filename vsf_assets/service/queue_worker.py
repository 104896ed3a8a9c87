"""A worker: takes runs from the queue and executes each in a process of its own, on any machine of a shared lake.

Here: starting Celery's worker for Dagster's runs. Not here: the options of the queue (resources/instance_config.py),
who puts runs there (resources/queue_launcher.py), and what a run does.
"""

import os
import socket

from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import Settings
from vsf_assets.resources.instance_config import OWN, QUEUE_OPTIONS, RUNS


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

    with open_instance(settings):
        pass  # writes dagster.yaml; says at once when the database cannot be used
    arguments = {"broker": settings.broker, "backend": None, "config_source": QUEUE_OPTIONS}
    app = make_app(arguments)  # type: ignore[no-untyped-call]
    create_execute_job_task(app)
    queues = ",".join((RUNS, OWN) if takes_own else (RUNS,))
    named = name or f"{socket.gethostname()}-{os.getpid()}"
    words = ["--pool=prefork", f"--concurrency={runs}", "-Q", queues, "-n", f"{named}@%h", "--loglevel=INFO"]
    app.worker_main(["worker", *words, "--without-gossip", "--without-mingle"])
