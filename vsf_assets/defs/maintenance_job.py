"""The daily maintenance as a Dagster job with its schedule.

Here: the job, its operation and the schedule. Not here: what is removed (retention/).
"""

import dagster as dg

from vsf_assets.defs.run_reaper import process_tags
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.warehouse import WarehouseResource


@dg.op
def remove_what_is_old(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
) -> None:
    """Remove old snapshots, Dagster's old records and old log files."""
    from vsf_assets.retention.maintain import maintain

    context.instance.add_run_tags(context.run.run_id, process_tags())
    settings = warehouse.settings()
    with run_log(settings, context.run.run_id, context.log.info) as log, object_store.in_use():
        done = maintain(settings, log)
        for line in done.lines():
            log(line)
    context.add_output_metadata({"freed_bytes": done.freed, **{part.kind: part.count for part in done.removed}})
    if done.problems:
        raise dg.Failure("; ".join(done.problems))


@dg.job(
    name="maintenance",
    description="Removes old snapshots, Dagster's old records and old log files, as the settings VSF_KEEP_… say."
    " It does not write the warehouse.",
)
def maintenance_job() -> None:
    """Remove what is old."""
    remove_what_is_old()


daily_maintenance = dg.ScheduleDefinition(
    name="daily_maintenance",
    job=maintenance_job,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Removes what is older than it is kept, every day at 02:30 UTC.",
)
