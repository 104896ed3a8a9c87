"""Uses of private and undocumented parts of Dagster.

Here: each such use, with its reason, its measured gain, and the versions it was checked with. Not here: Dagster's
documented interface, which defs/ and resources/ use directly. A test fails with a version outside of `CHECKED`;
`RECHECK` lists what to check then. This module imports SQLAlchemy and Dagster's execution engine, so definitions
import it only in the functions that use it.
"""

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from vsf_assets.common.interpreter_tricks import hidden_modules

# structlog and mako, which Dagster's storages import, show errors in colour where these are found: 0.06 s.
with hidden_modules(["rich", "pygments"]):
    import dagster._core.storage.runs

from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_run
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.snap import snapshot_from_execution_plan
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.runs.sqlite import SqliteRunStorage
from dagster._core.storage.schedules.sqlite import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.tags import HIDDEN_TAG_PREFIX
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._serdes import ConfigurableClassData

__all__ = [
    "HIDDEN_TAG_PREFIX",
    "SQLITE_BUSY_TIMEOUT_SECONDS",
    "AssetRecord",
    "ConfigurableClassData",
    "ConsolidatedSqliteEventLogStorage",
    "LaunchRunContext",
    "QueuedRunCoordinator",
    "RunsTable",
    "SqlRunStorage",
    "SqliteRunStorage",
    "SqliteScheduleStorage",
    "SubmitRunContext",
]

CHECKED = {"dagster": ("1.13.27",), "dagster-dbt": ("0.29.27",)}

RECHECK = (
    "that `vsf run` leaves a run that the UI shows and can execute again (dagster/test_ingest_assets.py); that"
    " ConsolidatedSqliteEventLogStorage still opens its connections in `_connect` with `_conn_string`;"
    " that SqliteRunStorage and SqliteScheduleStorage still open theirs in `connect`, and make their files in"
    " `from_local` as runs.db and schedules.db (dagster/test_sqlite_storages.py);"
    " that `vsf run` tells standing warnings from new ones (cli/test_data_quality.py); whether Dagster"
    " still calls partitions failed that runs skipped (dagster/test_backfills.py; dagster-io/dagster issue 34219); that"
    " retention/dagster_tables.py knows Dagster's tables and their values (dagster/test_retention.py)"
)

# ConsolidatedSqliteEventLogStorage, SQLITE_BUSY_TIMEOUT_SECONDS: the base of event_log_storage.py, which shares one
# SQLAlchemy engine among its connections. The documented storages make one for each connection, a dozen per event; the
# shared one saves a third of the time that events take (decision 0006). A batch goes through `store_event` of the base
# class with one connection, which `_connect` yields, so that it is one transaction.
#
# SqliteRunStorage, SqliteScheduleStorage, ConfigurableClassData: the bases of sqlite_storages.py, which does the same
# for runs and schedules, and remembers which files and tables it found (decision 0006).
#
# LaunchRunContext, SubmitRunContext: the arguments of the launcher and the coordinator of run_launcher.py, which
# Dagster documents as extensible classes, but does not export the types of their arguments; nor QueuedRunCoordinator,
# which it documents for dagster.yaml only.
#
# SqliteRunStorage, RunsTable: the base of run_storage.py, which Dagster documents for dagster.yaml only, and its table.
# No method changes the selection of a recorded run, which `executed_with_root_target` of automation reads.

# HIDDEN_TAG_PREFIX: the UI does not show tags that begin with it. A test compares the platform's tags with it.

_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def create_local_run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    selection: frozenset[dg.AssetKey],
    config: Mapping[str, Any],
    tags: Mapping[str, str],
    origin: RemoteJobOrigin,
) -> dg.DagsterRun:
    """Record a run of some assets of a job in the same way as the code location does.

    `execute_in_process` records a run without an origin, which the UI can neither link to its job nor execute again.
    It also plans every check, which costs two events each. Measured: a build without changes takes 0.5 s of processor
    time instead of 0.9 s.
    """
    some = job.get_subset(asset_selection=selection, asset_check_selection=frozenset())
    configured = {**_SILENT, **config}
    plan = create_execution_plan(some, configured)
    return instance.create_run(
        job_name=job.name,
        run_id=None,
        run_config=configured,
        status=None,
        tags=tags,
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=plan.step_keys_to_execute,
        execution_plan_snapshot=snapshot_from_execution_plan(plan, some.get_job_snapshot_id()),
        job_snapshot=some.get_job_snapshot(),
        parent_job_snapshot=some.get_parent_job_snapshot(),
        # Automation conditions read the selection of a run; without it, they would request the build again.
        asset_selection=selection,
        asset_check_selection=frozenset(),
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=origin,
        job_code_origin=None,
        asset_graph=some.asset_layer.asset_graph,
    )


def execute_local_run(instance: dg.DagsterInstance, job: dg.JobDefinition, run: dg.DagsterRun) -> bool:
    """Execute a recorded run in this process; return whether it succeeded.

    Raises:
        KeyboardInterrupt: the run was interrupted, and is recorded as canceled. Dagster catches the interrupt and
            records a failure, because it knows only of runs that were terminated in the UI.
    """
    try:
        result = execute_run(InMemoryJob(job), run, instance, raise_on_error=False)
    except KeyboardInterrupt:
        instance.report_run_canceled(run, "interrupted")
        raise
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    if any(failure.error_source == ErrorSource.INTERRUPT for failure in failures):
        instance.report_run_canceled(run, "interrupted")
        raise KeyboardInterrupt
    return bool(result.success)


def execute_launched_run(instance: dg.DagsterInstance, job: dg.JobDefinition, run: dg.DagsterRun) -> None:
    """Execute a run that a launcher started, in this process, with definitions that are loaded already.

    `dagster api execute_run` does the same, but loads the definitions again for each run: a second of processor time.
    An error of the framework and an interrupt are recorded as the end of the run; none is raised.
    """
    from dagster._core.execution.api import execute_run_iterator
    from dagster._utils.interrupts import capture_interrupts

    with capture_interrupts():
        try:
            for _ in execute_run_iterator(InMemoryJob(job), run, instance):
                pass
        except BaseException as error:  # noqa: BLE001 - recorded below; also an interrupt while no step runs
            after = instance.get_run_by_id(run.run_id)
            if after is not None and after.status == dg.DagsterRunStatus.CANCELING:
                instance.report_run_canceled(after)
            elif after is not None and not after.is_finished:
                instance.report_run_failed(after, f"{type(error).__name__}: {error}")


def job_origin(location: str, module: str, folder: Path, job_name: str) -> RemoteJobOrigin:
    """Return the origin of a job in the code location of workspace.yaml."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=module, working_directory=os.fspath(folder)
    )
    of_location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=location)
    return RemoteJobOrigin(RemoteRepositoryOrigin(of_location, "__repository__"), job_name)


def evaluation_before(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey, run_ids: Collection[str]
) -> dg.AssetCheckEvaluation | None:
    """Return the newest evaluation of a check before some runs; None if there is none.

    The documented interface returns only the newest evaluation, which is that of the runs themselves.
    """
    history = instance.event_log_storage.get_asset_check_execution_history(check, limit=len(run_ids) + 5)
    for record in history:
        event = record.event.dagster_event if record.event is not None and record.run_id not in run_ids else None
        if event is not None and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            return event.asset_check_evaluation_data
    return None


def failed_backfills(instance: dg.DagsterInstance, maximum: int) -> list[Any]:
    """Return the newest failed backfills of assets, newest first."""
    from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

    filters = BulkActionsFilter(statuses=[BulkActionStatus.COMPLETED_FAILED])
    return [
        backfill for backfill in instance.get_backfills(filters=filters, limit=maximum) if backfill.is_asset_backfill
    ]


def clear_skipped_partitions(
    instance: dg.DagsterInstance, asset_graph: Any, backfill: Any, skipped: Mapping[dg.AssetKey, Collection[str]]
) -> int:
    """Remove partitions that runs skipped on purpose from a backfill's failed ones; return their number.

    A backfill marks every partition as failed that its runs did not materialize, even if all runs succeeded, and
    Dagster has no event for "skipped" (dagster-io/dagster issue 34219). If failed partitions remain, the backfill stays
    failed; if none remain and all runs succeeded, it becomes completed. The partitions stay targeted and are not
    materialized.

    Args:
        instance: the instance with the record of the backfill; the backfill has ended, so no daemon writes the record.
        asset_graph: the asset graph of the code location.
        backfill: one of `failed_backfills`.
        skipped: asset -> keys of its partitions.
    """
    from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
    from dagster._core.definitions.events import AssetKeyPartitionKey
    from dagster._core.definitions.partitions.context import partition_loading_context
    from dagster._core.execution.backfill import BulkActionStatus

    with partition_loading_context(dynamic_partitions_store=instance):
        data = backfill.get_asset_backfill_data(asset_graph)
        wanted = AssetGraphSubset.from_asset_partition_set(
            {AssetKeyPartitionKey(key, partition) for key, keys in skipped.items() for partition in keys}, asset_graph
        )
        cleared = data.failed_and_downstream_subset & wanted
        if cleared.is_empty:
            return 0
        data = data._replace(
            failed_and_downstream_subset=data.failed_and_downstream_subset - cleared,
            requested_subset=data.requested_subset - cleared,
        )
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill.backfill_id}))
        is_good = data.failed_and_downstream_subset.is_empty and all(run.is_success for run in runs)
        updated = backfill.with_asset_backfill_data(data, dynamic_partitions_store=instance, asset_graph=asset_graph)
        instance.update_backfill(updated.with_status(BulkActionStatus.COMPLETED_SUCCESS) if is_good else updated)
        return int(cleared.num_partitions_and_non_partitioned_assets)


def workspace_context(instance: dg.DagsterInstance, workspace: Path, is_read_only: bool) -> Any:
    """Return the context of a web server for the code servers that a workspace file names; it is a context manager.

    `dagster_webserver.app.create_app_from_workspace_process_context`, which is documented for embedding, takes one, and
    only private modules make it. The program `dagster-webserver` does the same, but cannot be wrapped in a middleware.
    """
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    target = WorkspaceFileTarget(paths=[os.fspath(workspace)])
    return WorkspaceProcessContext(instance, workspace_load_target=target, read_only=is_read_only)
