"""Made-up files in Dagster: an asset with one partition per request, its checks, and the sensor for waiting requests.

Here: the asset and its events, and the decision to request a run. Not here: fulfilling requests
(pipeline/synthetic_fulfilment.py). One run fulfils all waiting requests, and logs a materialization for each request
whose file it generated.
"""

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import dagster as dg

from vsf_assets.common.errors import LockTimeoutError
from vsf_assets.defs.backoff import STOPPED, TICK_SECONDS, backoff_reason, history_of_job
from vsf_assets.defs.metadata import LAYER, markdown_table, report_check
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.defs.run_reaper import mark_process
from vsf_assets.feeds.by_family.synthetic import FAMILY, REQUEST_FEED
from vsf_assets.pipeline.recorded_run import MAKE, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.pipeline.synthetic_fulfilment import FulfilmentResult, fulfil, waiting_now
from vsf_assets.resources.instance_config import QUEUE_TAG, RUNS
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.synthetic import ENGINE_VERSION
from vsf_assets.synthetic.file_checks import CHECKS
from vsf_assets.warehouse.connection import Warehouse

MADE = dg.AssetKey(["made", "files"])
MAKE_JOB = "make_files"
_TEXT = (
    "Made-up files of requests, in `made/<schema>/` of VSF_HOME. One partition is one request, with the name of the"
    " file that holds it. Materialize a partition to generate its file again. When it is late: see the request's state"
    " and reason in `reports.fake_requests` or with `vsf status`."
)


def made_files() -> dg.AssetsDefinition:
    """Return the asset of made-up files with its checks."""
    spec = dg.AssetSpec(
        MADE,
        deps=[dg.AssetKey(["raw", REQUEST_FEED]), dg.AssetKey(["raw", "fake_schemas"])],
        description=_TEXT,
        group_name="synthetic",
        tags={LAYER: "made"},
        owners=["team:data-platform"],
        kinds={"polars"},
        code_version=ENGINE_VERSION,
        partitions_def=dg.DynamicPartitionsDefinition(name=REQUEST_FEED),
        skippable=True,
    )

    @dg.multi_asset(
        name="made_files",
        specs=[spec],
        check_specs=[dg.AssetCheckSpec(name, asset=MADE, description=text) for name, text in CHECKS.items()],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def make(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> Iterator[dg.AssetCheckResult]:
        mark_process(context)
        again = list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else []
        settings, run_id = warehouse.settings(), context.run.run_id
        with (
            run_log(settings, run_id, context.log.info) as log,
            recorded_run(settings, run_id, MAKE, warn=log) as record,
            object_store.in_use(),
        ):
            done = fulfil(warehouse.warehouse(log), log, again)
            if stuck := [result.reason or "" for result in done if result.state == "stuck"]:
                record.fail("; ".join(stuck))
        context.instance.add_dynamic_partitions(
            REQUEST_FEED, list(dict.fromkeys(result.request.name for result in done))
        )
        last = {result.request.name: result.state for result in done}
        for result in done:
            if result.state == "ready":
                context.log_event(_materialization(result))
            elif result.state == "deleted" and last[result.request.name] == "deleted":
                context.instance.delete_dynamic_partition(REQUEST_FEED, result.request.name)
        checked = [result for result in done if result.problems]
        for check in CHECKS if checked else ():
            yield from report_check(context, _result(check, checked))
        if stuck:
            raise dg.Failure("; ".join(stuck))

    return make


def _materialization(result: FulfilmentResult) -> dg.AssetMaterialization:
    request = result.request
    return dg.AssetMaterialization(
        MADE,
        partition=request.name,
        metadata={
            "dagster/partition_row_count": request.rows,
            "schema": request.schema_name,
            "seed": request.seed,
            "file": request.target,
            "bytes": result.bytes or 0,
            "sha256": result.sha256 or "",
        },
    )


def _result(check: str, done: list[FulfilmentResult]) -> dg.AssetCheckResult:
    found = [(result.request.target, problem) for result in done for problem in result.problems.get(check, [])]
    return dg.AssetCheckResult(
        asset_key=MADE,
        check_name=check,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"files": len(done), "offending_rows": markdown_table(["file", "problem"], found)},
    )


@dg.sensor(
    name="fake_requests_waiting",
    job_name=MAKE_JOB,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a run that generates the files of waiting requests, and removes those of deleted schemas.",
)
def requests_waiting(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
) -> dg.SensorResult | dg.SkipReason:
    """Read the waiting requests after each change of the warehouse; the cursor is a mark of the last one."""
    settings = warehouse.settings()
    last = warehouse.warehouse().form.last_write()
    if last is None:
        return dg.SkipReason("there is no warehouse yet")
    changed, at = last
    if context.cursor == changed:
        return dg.SkipReason("the warehouse has not changed since the last tick")
    history = history_of_job(context.instance, MAKE_JOB)
    is_at_rest = history.is_stopped and time.time() - history.idle_seconds > at
    reason = backoff_reason(history) or (STOPPED if is_at_rest else None)
    if reason:
        return dg.SkipReason(reason)
    try:
        with object_store.in_use():
            _, waiting = waiting_now(Warehouse.of(replace(settings, lock_wait_seconds=0)))
    except LockTimeoutError:
        return dg.SkipReason("the warehouse is in use; the next tick tries again")
    if not waiting:
        return dg.SensorResult(skip_reason=dg.SkipReason("no request waits"), cursor=changed)
    # The job's own tag says that it needs the folders of one home: definitions read no settings.
    queue = {QUEUE_TAG: RUNS} if settings.made_address else {}
    return dg.SensorResult(run_requests=[dg.RunRequest(tags={"vsf/requests": str(len(waiting)), **queue})])


def jobs_of_requests(
    feeds: Collection[str], families: Collection[str], has_requests: bool
) -> list[tuple[str, dict[str, Any]]]:
    """Return the jobs that make requested files and load their states, with the configuration of their runs.

    Args:
        feeds: the selected feeds.
        families: the families whose files are loaded before.
        has_requests: whether requests wait already.
    """
    if REQUEST_FEED not in feeds or not (has_requests or FAMILY in families):
        return []
    # The states that the fulfilment lands are loaded before the build.
    states = {"ops": {f"{FAMILY}_files": {"config": {"reload": "changed"}}}}
    return [(MAKE_JOB, {}), (ingest_job_name(FAMILY), states)]
