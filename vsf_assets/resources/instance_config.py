"""The dagster.yaml of a home: the shipped one, or for workers of several machines one with PostgreSQL and a queue.

Here: the text of the file, and the options of the queue that launcher and workers share. Not here: writing it
(defs/local_runner.py), the launcher (queue_launcher.py) and the workers (service/queue_worker.py). Nothing here imports
Dagster or Celery.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from urllib.parse import urlencode

import yaml

from vsf_assets.config.settings import Settings

RUNS, OWN = "dagster", "home"
"""Queues: of runs that any worker may take, and of runs that need the folders of one home (fetched and made files).
The first name is Dagster's."""

SCHEMA: LiteralString = "vsf_dagster"
"""Schema of Dagster's storages in the database of the lake."""

QUEUE_TAG = "dagster-celery/queue"
"""Tag of a run that names its queue; without it RUNS."""

LONGEST_RUN_SECONDS = 12 * 3600
"""A broker like Redis hands a task out again that took longer; above `max_runtime_seconds` of dagster.yaml."""

START_SECONDS = 900
"""How long a run may wait in the queue; it is marked as failed then, and its files are requested again."""

QUEUE_OPTIONS: dict[str, Any] = {
    # A task is done when its run has ended: the broker gives it to another worker if this one is killed. Dagster
    # ignores a run that is started twice.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1,
    "task_ignore_result": True,
    "broker_transport_options": {"visibility_timeout": LONGEST_RUN_SECONDS},
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
}


def instance_config(settings: Settings, shipped: str) -> str:
    """Return the text of a home's dagster.yaml.

    Args:
        settings: the home.
        shipped: the text of the file that the platform ships.
    """
    folder = json.dumps(str(settings.dagster_home))
    text = shipped.replace("base_dir: data/dagster", f"base_dir: {folder}")
    runs = settings.ingest_runs
    if runs > 1:
        text = text.replace("max_concurrent_runs: 2", f"max_concurrent_runs: {runs + 2}")
        text = text.replace("value: share\n        limit: 1", f"value: share\n        limit: {runs}")
    return json.dumps(_with_queue(settings, yaml.safe_load(text)), indent=2) if settings.broker else text


def _with_queue(settings: Settings, config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with storages in the database of the lake, and a launcher that queues runs."""
    place = {"config": {"postgres_url": database_url(settings.lake_database)}}
    schedules = {"module": "dagster_postgres.schedule_storage", "class": "PostgresScheduleStorage"}
    return {
        **config,
        "run_storage": {"module": "vsf_assets.resources.postgres_storages", "class": "RunsInPostgres", **place},
        "event_log_storage": {"module": "dagster_postgres.event_log", "class": "PostgresEventLogStorage", **place},
        "schedule_storage": {**schedules, **place},
        "run_launcher": {
            "module": "vsf_assets.resources.queue_launcher",
            "class": "QueueRunLauncher",
            "config": {"broker": {"env": "VSF_BROKER"}, "backend": None, "config_source": QUEUE_OPTIONS},
        },
        "run_monitoring": {**config["run_monitoring"], "start_timeout_seconds": START_SECONDS},
    }


def database_url(database: str) -> str:
    """Return the address, as SQLAlchemy writes it, of the database that a connection string of libpq names.

    All of it stands in the query, so that libpq reads it, with PGPASSWORD or a pgpass file as ever. Tables are looked
    for in SCHEMA alone: a role with the name `vsf` would find the control schema of the lake first.
    """
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(database)
    options = f"{given.get('options') or ''} -c search_path={SCHEMA}".strip()
    return f"postgresql+psycopg2:///?{urlencode({**given, 'options': options})}"


@contextmanager
def storages_in_database(settings: Settings) -> Iterator[None]:
    """Make the schema of Dagster's storages; within the block no other process opens them for the first time."""
    from vsf_assets.warehouse.shared.postgres import open_connection

    with open_connection(settings.lake_database, "vsf opening Dagster's storages") as connection:
        connection.execute("select pg_advisory_lock(hashtext('vsf: Dagster''s storages'))")
        connection.execute(f"create schema if not exists {SCHEMA}")
        yield
