"""What we know of Dagster beyond its documentation, and use.

Here: each such use, with its reason, what it gains and what it was checked with. Not here: Dagster's documented
interface, which defs/ and resources/ use themselves. A test fails with another version than `CHECKED`; `RECHECK` says
what to look at then. Loads SQLAlchemy and what Dagster runs with: what definitions need of it, they import when they
use it.
"""

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_run
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.snap import snapshot_from_execution_plan
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

__all__ = ["SQLITE_BUSY_TIMEOUT_SECONDS", "ConsolidatedSqliteEventLogStorage"]

CHECKED = {"dagster": ("1.13.27",), "dagster-dbt": ("0.29.27",)}

RECHECK = (
    "that `vsf run` leaves a run that the UI shows and can execute again (dagster/test_ingest_assets.py); that"
    " ConsolidatedSqliteEventLogStorage still opens its connections in `_connect` with `_conn_string`; whether Dagster"
    " still calls partitions failed that runs skipped (dagster/test_backfills.py; dagster-io/dagster issue 34219)"
)

# ConsolidatedSqliteEventLogStorage, SQLITE_BUSY_TIMEOUT_SECONDS: the base of resources/event_log.py, which shares one
# SQLAlchemy engine among its connections. The documented storages make one for each connection, a dozen per event; the
# shared one saves a third of the time that events take (decision 0006).

_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def create_local_run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    selection: frozenset[dg.AssetKey],
    config: Mapping[str, Any],
    tags: Mapping[str, str],
    origin: RemoteJobOrigin,
) -> dg.DagsterRun:
    """Record a run of some assets of a job as the code location would.

    `execute_in_process` records a run without an origin, which the UI can neither place nor execute again, and plans
    every check, which costs two events each. Measured: a build with nothing to do takes 0.5 s of processor time
    instead of 0.9 s.
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
        # Automation looks at what a run made by its selection; without one it would build again.
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
        KeyboardInterrupt: the run was interrupted; Dagster took the interrupt, to record how the run ended.
    """
    result = execute_run(InMemoryJob(job), run, instance, raise_on_error=False)
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    if any(failure.error_source == ErrorSource.INTERRUPT for failure in failures):
        raise KeyboardInterrupt
    return bool(result.success)


def job_origin(location: str, module: str, folder: Path, job_name: str) -> RemoteJobOrigin:
    """Return where a code server that workspace.yaml names would find a job."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=module, working_directory=os.fspath(folder)
    )
    of_location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=location)
    return RemoteJobOrigin(RemoteRepositoryOrigin(of_location, "__repository__"), job_name)


def failed_backfills(instance: dg.DagsterInstance, most: int) -> list[Any]:
    """Return the newest backfills of assets that ended as failed, newest first."""
    from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

    filters = BulkActionsFilter(statuses=[BulkActionStatus.COMPLETED_FAILED])
    return [found for found in instance.get_backfills(filters=filters, limit=most) if found.is_asset_backfill]


def clear_skipped_partitions(
    instance: dg.DagsterInstance, asset_graph: Any, backfill: Any, skipped: Mapping[dg.AssetKey, Collection[str]]
) -> int:
    """Take partitions that runs skipped on purpose off a backfill's failed ones; return how many were.

    A backfill calls every partition failed that its runs did not materialize, also where they all succeeded, and there
    is no event that says "skipped" (dagster-io/dagster issue 34219). What stays failed keeps the backfill failed; one
    without any, whose runs all succeeded, ends as completed. Partitions stay targeted and are not materialized.

    Args:
        instance: whose record of the backfill is changed; it has ended, so nobody else writes it.
        asset_graph: of the code location.
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
