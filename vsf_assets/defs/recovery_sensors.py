"""Sensors for recovery: missing runs, runs whose process has ended, and backfills that failed only for missing files.

Here: the three sensors, the choice of the runs to request, and recording what a stopped run did not. Not here: the
search for pending and outdated deliveries (pipeline/status.py), and files that land (landing_sensors.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.common.errors import LockTimeoutError
from vsf_assets.defs.backoff import STOPPED, TICK_SECONDS, backoff_reason, history_of_job, is_active
from vsf_assets.defs.build_attempts import attempts_of, rest_reason
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.empty_partitions import observed_empty
from vsf_assets.defs.ledger_differences import (
    differences,
    loaded_of,
    missing_dynamic_partitions,
    shown_states,
    stored_states,
)
from vsf_assets.defs.ledger_events import LEDGER_KEYS, ledger_events
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.defs.run_reaper import reap, reap_elsewhere
from vsf_assets.feeds import all_feeds
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.run_tags import BASIS
from vsf_assets.resources.warehouse import WarehouseResource

if TYPE_CHECKING:
    from vsf_assets.pipeline.status import Survey
    from vsf_assets.warehouse.ledger import FileRow

BACKSTOP_SECONDS = 30
MOST_PARTS = 200
"""Partitions that a tick records at most; a tick has 60 s."""
MAX_BACKFILLS = 20
"""Maximum number of failed backfills that a tick reads, newest first; earlier ticks processed the older ones."""


def backstop_sensor(jobs: Sequence[Any], built: Iterable[dg.AssetSpec] = ()) -> dg.SensorDefinition:
    """Return the sensor that requests runs that other sensors missed, and records what Dagster does not show.

    Args:
        jobs: the asset jobs that it may request.
        built: the assets of a build.
    """
    versions = {spec.key: spec.code_version for spec in built}

    @dg.sensor(
        name="unbuilt_deliveries",
        jobs=list(jobs),
        minimum_interval_seconds=BACKSTOP_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Backstop: requests a build that is missing after a crash or a changed model, and runs that read"
        " files again whose contract changed.",
    )
    def unbuilt(
        context: dg.SensorEvaluationContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> dg.SensorResult | dg.SkipReason:
        from vsf_assets.pipeline.status import survey

        target = warehouse.warehouse()
        if not target.exists:
            return dg.SkipReason("there is no warehouse yet")
        with object_store.in_use():
            found = survey(target.settings, target)
            missing = _missing_runs(found)
        if not _is_busy(context.instance):
            report_stored(context, warehouse, found.files)
            report_built(context, warehouse, found, versions)
        if not missing:
            return dg.SensorResult(skip_reason=dg.SkipReason("the snapshot shows every delivery"), cursor="")
        # A family with a damaged original fails in each run; it must delay neither the other families nor the build.
        histories = {r.job_name: history_of_job(context.instance, r.job_name or "") for r in missing}
        reasons = {
            job: backoff_reason(history) or (STOPPED if history.is_stopped else None)
            for job, history in histories.items()
        }
        if BUILD_JOB in reasons:
            reasons[BUILD_JOB] = _why_no_build(context.instance, found)
        ready = [r for r in missing if reasons[r.job_name] is None]
        if not ready or any(history.active for history in histories.values()):
            return dg.SkipReason("; ".join(f"{job}: {reason}" for job, reason in reasons.items() if reason))
        request = ready[0]
        if context.cursor != request.job_name:
            why = f"a run of {request.job_name} is missing; the next tick requests it if it still is"
            return dg.SensorResult(skip_reason=dg.SkipReason(why), cursor=request.job_name)
        return dg.SensorResult(run_requests=[request], cursor="")

    return unbuilt


def _missing_runs(found: "Survey") -> list[dg.RunRequest]:
    """Return the missing runs: first those that read originals again, then the build."""
    requests = []
    for family in dict.fromkeys(all_feeds()[row.feed].family for row in found.outdated):
        reading: dict[str, Any] = {"ops": {f"{family}_files": {"config": {"reload": "changed"}}}}
        requests.append(dg.RunRequest(job_name=ingest_job_name(family), run_config=reading))
    if found.needs_build or found.needs_publish:
        building: dict[str, Any] = {"ops": {"marts_and_snapshot": {"config": {"only_if_pending": True}}}}
        tags = {BASIS: found.build.basis}  # also for a run that a person stops before it starts
        requests.append(dg.RunRequest(job_name=BUILD_JOB, run_config=building, tags=tags))
    return requests


def _why_no_build(instance: dg.DagsterInstance, found: "Survey") -> str | None:
    """Return why no build is requested for what was found, or None if one is."""
    changed = max((row.loaded_at.timestamp() for row in found.files), default=0.0)
    return rest_reason(attempts_of(instance, SNAPSHOT), found.build.basis, changed)


def report_stored(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, files: Sequence["FileRow"]
) -> None:
    """Record what the ledger holds and Dagster does not show; the caller made sure that no run is about to do it."""
    feeds = all_feeds().values()
    states = stored_states(loaded_of(files), feeds)
    if not states:
        return
    found = differences(states, shown_states(context.instance, feeds))
    if not (found.unreported or found.gone or missing_dynamic_partitions(context.instance, states, feeds)):
        return
    from vsf_assets.defs.ingest_events import all_events

    with suppress(LockTimeoutError), warehouse.get_connection("previews", read_only=True) as connection:
        events = all_events(ledger_events(context.instance, connection, feeds, maximum=MOST_PARTS))
        _record(context, list(events), "partitions that Dagster did not show as the ledger holds them")


def report_built(
    context: dg.SensorEvaluationContext,
    warehouse: WarehouseResource,
    found: "Survey",
    versions: Mapping[dg.AssetKey, str | None],
) -> None:
    """Record tables and snapshots that Dagster does not show as they are.

    Args:
        context: the context of the tick.
        warehouse: the warehouse.
        found: what the tick found.
        versions: asset of a build -> its code version.
    """
    from vsf_assets.defs.built_differences import snapshot_events, table_events
    from vsf_assets.publish.publish import row_counts

    if not found.build.number or not versions:
        return
    shown = context.instance.get_latest_materialization_events([*versions, *LEDGER_KEYS])
    of_models = {key: version if found.build.is_same_project else None for key, version in versions.items()}
    with suppress(LockTimeoutError), warehouse.get_connection("previews", read_only=True) as connection:
        events = [
            *table_events(connection, row_counts(connection), shown, of_models),
            *snapshot_events(found.snapshot, shown),
        ]
        if not found.needs_build:  # it is news for automation, which then asks for a build
            ledger = [key for key in LEDGER_KEYS if found.files and shown.get(key) is None]
            events += [dg.AssetMaterialization(key, metadata={"files": len(found.files)}) for key in ledger]
        _record(context, events, "tables that Dagster did not show as they are")


def _is_busy(instance: dg.DagsterInstance) -> bool:
    """Whether a run waits or runs."""
    running = dg.RunsFilter(statuses=[status for status in dg.DagsterRunStatus if is_active(status)])
    return instance.get_runs_count(running) > 0


def _record(context: dg.SensorEvaluationContext, events: Sequence[Any], of_what: str) -> None:
    for event in events:
        context.instance.report_runless_asset_event(event)
    if events:
        context.log.info(f"recorded {len(events)} events of {of_what}")


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=BACKSTOP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs as failed whose process has ended.",
)
def dead_runs(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SkipReason:
    """Mark runs as failed whose process has ended: of this machine, and with a shared lake of any."""
    reaped = [*reap(context.instance), *reap_elsewhere(context.instance, warehouse.warehouse().form)]
    return dg.SkipReason(f"marked failed: {', '.join(reaped)}" if reaped else "no dead runs")


@dg.sensor(
    name="empty_backfills",
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks backfills as completed that Dagster marks as failed only because some of their partitions have"
    " no file. These partitions stay unmaterialized.",
)
def empty_backfills(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Process backfills that failed since the last tick; the cursor is the end time of the newest of them."""
    from vsf_assets.resources.dagster_private import failed_backfills

    since = _as_seconds(context.cursor)
    ended = [found for found in failed_backfills(context.instance, MAX_BACKFILLS) if _ended_at(found) > since]
    if not ended:
        return dg.SensorResult(skip_reason=dg.SkipReason("no backfill failed since the last tick"))
    graph = context.repository_def.asset_graph if context.repository_def else None
    results = [_remove_empty(context.instance, graph, backfill) for backfill in ended]
    cursor = repr(max(_ended_at(backfill) for backfill in ended))
    return dg.SensorResult(skip_reason=dg.SkipReason("; ".join(results)), cursor=cursor)


def _remove_empty(instance: dg.DagsterInstance, graph: Any, backfill: Any) -> str:
    """Remove partitions without a file from the failed ones of a backfill; return a message with their number."""
    from vsf_assets.resources.dagster_private import clear_skipped_partitions

    empty: dict[dg.AssetKey, set[str]] = {}
    for run in instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill.backfill_id})):
        for key, partitions in observed_empty(instance, run.run_id).items() if run.is_success else ():
            empty.setdefault(key, set()).update(partitions)
    cleared = clear_skipped_partitions(instance, graph, backfill, empty) if empty else 0
    return f"{backfill.backfill_id}: partitions without a file: {cleared}"


def _ended_at(backfill: Any) -> float:
    return float(backfill.backfill_end_timestamp or 0.0)


def _as_seconds(cursor: str | None) -> float:
    try:
        return float(cursor or 0.0)
    except ValueError:
        return 0.0  # an invalid cursor costs one more check of the backfills
