"""The build as one Dagster step: dbt models, their tests as checks, and the published snapshot.

Here: the step. Not here: its events (build_events.py), the order of build, checks and publish (pipeline/build.py), and
the ingest before it (ingest_step.py). It is one step because the run holds the warehouse lock from the first model
until the pointer changes.
A step that also ingests a family first is one run from a dropped file to the snapshot. Two steps of one job do not
work: raw assets are skippable, and Dagster skips the steps after an asset that was not yielded.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from vsf_assets.common.errors import BuildRefusedError
from vsf_assets.defs.build_attempts import mark_attempt, mark_refused
from vsf_assets.defs.build_events import SNAPSHOT, build_events, log_published, report_broken
from vsf_assets.defs.dbt_specs import AFTER_INGEST, LEDGER, DbtAssets
from vsf_assets.defs.ingest_events import report_ledger
from vsf_assets.defs.ingest_step import IngestConfig, IngestStep
from vsf_assets.defs.metadata import LAYER, report_check
from vsf_assets.defs.outages import marked_outage
from vsf_assets.defs.refused_runs import refuse_if_wrong
from vsf_assets.defs.run_reaper import mark_process
from vsf_assets.feeds import all_feeds, families
from vsf_assets.pipeline.build import BuildReport, build_and_publish, build_some
from vsf_assets.pipeline.recorded_run import BUILD, INGEST_AND_BUILD, record_build, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.runs.run_record import RunRecord
from vsf_assets.warehouse.connection import Warehouse

BUILD_JOB = "build_and_publish"
AUTOMATION_TAG = "dagster/from_automation_condition"
_SNAPSHOT_TEXT = (
    "The published snapshot: a checked copy of the warehouse that analysts open read-only as"
    " `snapshots/current.duckdb`. One materialization is one published version. When it is late: a blocking check"
    " failed (see the checks of the marts), or no new delivery was loaded."
)


class BuildConfig(dg.Config):
    """Configuration of a build run.

    Attributes:
        only_if_pending: whether to build only if a delivery is pending, and else to end at once.
        full: whether to fully refresh every mart for all days, and to run every check over all days.
        family: the family whose files are loaded before the build; empty for none.
        load: what is loaded of this family.
    """

    only_if_pending: bool = False
    full: bool = False
    family: str = ""
    load: IngestConfig = Field(default_factory=IngestConfig)


def publishing_job_name(family: str) -> str:
    """Return the name of the job that loads a family, builds the marts and publishes a snapshot in one run."""
    return f"load_and_publish_{family}"


def publishing_request(family: str, keys: Collection[dg.AssetKey], load: Mapping[str, Any]) -> dg.RunRequest:
    """Return the request of a run that loads a family, builds what it needs and publishes.

    Args:
        family: the family.
        keys: the assets of the job. The request carries them, because automation ignores updates by runs whose
            selection holds the asset; without them it would ask for two more builds.
        load: fields of `IngestConfig`.
    """
    config = {"only_if_pending": True, "family": family, "load": dict(load)}
    return dg.RunRequest(
        job_name=publishing_job_name(family),
        run_config={"ops": {"marts_and_snapshot": {"config": config}}},
        asset_selection=sorted(keys),
    )


def weekly_full_build(job: Any) -> dg.ScheduleDefinition:
    """Return the schedule of the weekly full refresh. Other builds check only the days that they build."""
    return dg.ScheduleDefinition(
        name="weekly_full_build",
        job=job,
        cron_schedule="0 3 * * 0",
        execution_timezone="UTC",
        run_config={"ops": {"marts_and_snapshot": {"config": {"full": True}}}},
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Fully refreshes every mart and runs every check over all days, on Sundays at 03:00 UTC.",
    )


def build_assets(dbt_assets: DbtAssets) -> dg.AssetsDefinition:
    """Return the dbt models and the snapshot as one multi-asset."""
    snapshot = dg.AssetSpec(
        SNAPSHOT,
        deps=[*dbt_assets.leaves(), LEDGER],
        description=_SNAPSHOT_TEXT,
        group_name="snapshots",
        tags={LAYER: "snapshots"},
        owners=["team:data-platform"],
        kinds={"duckdb"},
        code_version=dbt_assets.versions.of_all,
        automation_condition=AFTER_INGEST,
        skippable=True,
    )

    @dg.multi_asset(
        name="marts_and_snapshot",
        specs=[*dbt_assets.specs, snapshot],
        check_specs=dbt_assets.check_specs(),
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def build(
        context: dg.AssetExecutionContext,
        config: BuildConfig,
        warehouse: WarehouseResource,
        object_store: ObjectStoreResource,
    ) -> Iterator[Any]:
        mark_process(context)
        keys, settings = set(context.selected_asset_keys), warehouse.settings()
        refuse_if_wrong(context, settings)
        kind, loaded = (INGEST_AND_BUILD, [config.family]) if config.family else (BUILD, [])
        with (
            marked_outage(context),
            run_log(settings, context.run.run_id, context.log.info) as log,
            recorded_run(settings, context.run.run_id, kind, loaded, warn=log) as record,
            object_store.in_use(),
        ):
            failure = _load(context, config, warehouse, object_store, log, record) if config.family else None
            target_warehouse = warehouse.warehouse(log)
            if SNAPSHOT in keys:
                report = _published(context, config, target_warehouse, log)
                changed = [feed for name, feed in all_feeds().items() if name in report.changed]
                report_ledger(context, warehouse, [feed for feed in changed if feed.family != config.family])
            else:
                selected = dbt_assets.select(keys) or dbt_assets.tests(context.selected_asset_check_keys)
                report = build_some(target_warehouse, selected)
            record_build(record, report)
        with object_store.in_use():
            yield from _events(context, dbt_assets, report)
            yield from _end(context, dbt_assets, report)
        if failure:
            raise dg.Failure(failure)

    return build


def _end(
    context: dg.AssetExecutionContext, dbt_assets: DbtAssets, report: BuildReport
) -> Iterator[dg.MaterializeResult[Any]]:
    """Yield the published snapshot; log why there is none.

    Raises:
        dagster.Failure: checks or models failed.
    """
    if report.problems:
        mark_refused(context)
        report_broken(context, dbt_assets, report)
        raise dg.Failure("not published, the earlier snapshot stays current: " + "; ".join(report.problems))
    if report.snapshot is not None:
        metadata = log_published(context, report, report.snapshot)
        yield dg.MaterializeResult(SNAPSHOT, metadata=metadata)
    elif SNAPSHOT in context.selected_asset_keys:
        context.log.info("nothing is newer than the current snapshot")


def _published(
    context: dg.AssetExecutionContext, config: BuildConfig, warehouse: Warehouse, log: Callable[[str], None]
) -> BuildReport:
    """Build and publish, and tag the run with what it is built from and whether the build is refused."""
    only_if_pending = config.only_if_pending or AUTOMATION_TAG in context.run.tags
    try:
        return build_and_publish(
            warehouse,
            context.run.run_id,
            only_if_pending,
            log,
            config.full,
            on_build=lambda basis: mark_attempt(context, basis),
        )
    except BuildRefusedError:
        mark_refused(context)
        raise


def _load(
    context: dg.AssetExecutionContext,
    config: BuildConfig,
    warehouse: WarehouseResource,
    object_store: ObjectStoreResource,
    log: Callable[[str], None],
    record: RunRecord,
) -> str | None:
    """Load the files of a family; return why the run has to fail after the build, which shows what was loaded."""
    step = IngestStep(context, config.load, families()[config.family], log)
    report = step.load(warehouse, object_store, record)
    for _ in step.events(warehouse, report):
        pass  # the run does not select the raw assets, so their checks are logged and not yielded
    failure = step.failure(report)
    if failure is not None:
        record.fail(failure)
    return failure


def _events(context: dg.AssetExecutionContext, dbt_assets: DbtAssets, report: BuildReport) -> Iterator[Any]:
    """Yield the events of the run's assets and checks, and log the others.

    A build may write more assets than the run selects; the UI shows what is stored.
    """
    for event in build_events(dbt_assets, report):
        if isinstance(event, dg.AssetCheckResult):
            yield from report_check(context, event)
        elif isinstance(event, dg.AssetMaterialization) and event.asset_key in context.selected_asset_keys:
            yield dg.MaterializeResult(event.asset_key, metadata=event.metadata)
        else:
            context.log_event(event)
