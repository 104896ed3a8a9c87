"""Sensors that mend: the backstop for builds and reads that are missing, and runs whose process is gone.

Here: which runs are missing, and ten lines of plumbing each. Not here: what is missing
(pipeline/status.py) and files that land (landing_sensors.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.defs.backoff import backoff_reason, history_of_job
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.defs.run_reaper import reap
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource

if TYPE_CHECKING:
    from vsf_assets.pipeline.status import Survey

BACKSTOP_SECONDS = 30


def backstop_sensor(jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Return the sensor that asks for what edges missed; `jobs` are those it may request (asset jobs)."""

    @dg.sensor(
        name="unbuilt_deliveries",
        jobs=list(jobs),
        minimum_interval_seconds=BACKSTOP_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Backstop: asks for a build that is missing after a crash or a changed model, and for files"
        " whose contract changed to be read again.",
    )
    def unbuilt(
        context: dg.SensorEvaluationContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> dg.SensorResult | dg.SkipReason:
        from vsf_assets.pipeline.status import survey

        target = warehouse.warehouse()
        if not target.file.exists():
            return dg.SkipReason("there is no warehouse yet")
        with object_store.in_use():
            missing = _missing_runs(survey(target.settings, target))
        if not missing:
            return dg.SensorResult(skip_reason=dg.SkipReason("the snapshot shows every delivery"), cursor="")
        # A family whose original is damaged fails again and again; it keeps neither the others nor the build waiting.
        histories = {r.job_name: history_of_job(context.instance, r.job_name or "") for r in missing}
        reasons = {job: backoff_reason(history) for job, history in histories.items()}
        ready = [r for r in missing if reasons[r.job_name] is None]
        if not ready or any(history.active for history in histories.values()):
            return dg.SkipReason("; ".join(f"{job}: {reason}" for job, reason in reasons.items() if reason))
        request = ready[0]
        if context.cursor != request.job_name:
            why = f"a run of {request.job_name} is due; it is asked for if it still is at the next look"
            return dg.SensorResult(skip_reason=dg.SkipReason(why), cursor=request.job_name)
        return dg.SensorResult(run_requests=[request], cursor="")

    return unbuilt


def _missing_runs(found: "Survey") -> list[dg.RunRequest]:
    """Return the runs that bring the snapshot nearer to what was delivered; what is read again comes before a build."""
    from vsf_assets.feeds import all_feeds

    requests = []
    for family in dict.fromkeys(all_feeds()[row.feed].family for row in found.outdated):
        reading: dict[str, Any] = {"ops": {f"{family}_files": {"config": {"reload": "changed"}}}}
        requests.append(dg.RunRequest(job_name=ingest_job_name(family), run_config=reading))
    if found.needs_build or found.needs_publish:
        building: dict[str, Any] = {"ops": {"marts_and_snapshot": {"config": {"only_if_pending": True}}}}
        requests.append(dg.RunRequest(job_name=BUILD_JOB, run_config=building))
    return requests


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=BACKSTOP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs failed whose process is gone.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Reap runs of this machine."""
    reaped = reap(context.instance)
    return dg.SkipReason(f"marked failed: {', '.join(reaped)}" if reaped else "no dead runs")
