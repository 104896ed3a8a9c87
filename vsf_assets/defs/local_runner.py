"""Executes a job of the definitions in this process and records it like a run of the code location.

Here: the Dagster instance, the run and its origin; with the origin, the UI can execute the run again. Not here: the
options of the command line (cli/). `execute_in_process` is not used: it records runs without an origin.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr
from typing import Any, TextIO, cast

import dagster as dg

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import PROJECT_ROOT, Settings, base_folder, export, export_of_file
from vsf_assets.defs.metadata import PYTHON_MODULE
from vsf_assets.defs.run_reaper import reap
from vsf_assets.resources.dagster_private import create_local_run, execute_local_run, job_origin
from vsf_assets.resources.event_log_storage import buffered_events
from vsf_assets.resources.instance_config import instance_config, storages_in_database
from vsf_assets.resources.run_process import process_tags
from vsf_assets.storage.full_disk import DAGSTER_ROOM, room_for
from vsf_assets.warehouse.lock import hold_lock

LOCATION = "vsf_assets"

_LOST_EVENT = "Exception while writing logger call to event log"


def _prepare_dagster_home(settings: Settings) -> None:
    """Create DAGSTER_HOME with the shipped dagster.yaml, and export its path for Dagster."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    target = settings.dagster_home / "dagster.yaml"
    shipped = (PROJECT_ROOT / "dagster.yaml").read_text()
    wanted = instance_config(settings, shipped)
    if not target.exists() or target.read_text() != wanted:
        target.write_text(wanted)
    export({"DAGSTER_HOME": str(settings.dagster_home), "VSF_HOME": str(settings.home)})
    if settings.broker:
        export({"VSF_BROKER": settings.broker})
        export_of_file("PG")  # the password of the database


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the persistent instance, and mark runs as failed whose process has ended."""
    # Without the lock, two concurrent first runs would both create the tables of the storage, and one would fail.
    lock = settings.dagster_home / "opening.lock"
    room = room_for("Dagster's records", settings.dagster_home, DAGSTER_ROOM)
    with room, ExitStack() as stack:
        with hold_lock(lock, "opening Dagster's storage", settings.lock_wait_seconds, what="Dagster's storage"):
            _prepare_dagster_home(settings)
            with storages_in_database(settings) if settings.broker else nullcontext():
                instance = stack.enter_context(dg.DagsterInstance.get())
        reap(instance)
        yield instance


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    config: Mapping[str, Any] | None = None,
    tables: Sequence[str] | None = None,
) -> tuple[bool, str]:
    """Execute a job in this process, for all of its assets or for `tables` only.

    Returns:
        Whether the run succeeded, and its run id.

    Raises:
        KeyError: the definitions do not name their module (`PYTHON_MODULE`).
        KeyboardInterrupt: the run was interrupted.
    """
    whole = definitions.resolve_job_def(job_name)
    selection = frozenset(whole.asset_layer.selected_asset_keys)
    if tables is not None:
        selection &= {dg.AssetKey(table.split(".")) for table in tables}
    module = str((definitions.metadata or {})[PYTHON_MODULE].value)
    origin = job_origin(LOCATION, module, base_folder(), job_name)
    # If an interrupt arrives while a connection to the storage is closed, SQLAlchemy would log a traceback.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    with redirect_stderr(cast(TextIO, _WithoutLostEvents(sys.stderr))), buffered_events(instance):
        run = create_local_run(instance, whole, selection, config or {}, process_tags(), origin)
        return execute_local_run(instance, whole, run), run.run_id


class _WithoutLostEvents:
    """Standard error without the message that Dagster writes for each event that it cannot store; it also raises it."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if text.startswith(_LOST_EVENT) else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def failure_reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return why a run failed: the message of the first `VsfError` in the chain of causes, or of the innermost."""
    own_errors = _names_of(VsfError)
    events = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    for record in events:
        event = record.event_log_entry.dagster_event
        error = event.step_failure_data.error if event else None
        while error is not None and error.cause is not None and error.cls_name not in own_errors:
            error = error.cause
        if error is not None:
            # The message starts with the name of the exception's class, which does not help users.
            return re.sub(r"^[\w.]+: ", "", error.message.strip())
    return "see the run in the Dagster UI"


def _names_of(kind: type) -> set[str]:
    """Return the names of a class and of all its subclasses."""
    return {kind.__name__}.union(*(_names_of(subclass) for subclass in kind.__subclasses__()))
