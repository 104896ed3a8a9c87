"""Maintenance in Dagster: a daily job with its schedule, and a sensor that removes old ticks each hour.

Here: the job, its operation, the schedule and the sensor. Not here: what is removed (retention/).
"""

import dagster as dg

from vsf_assets.pipeline.recorded_run import MAINTENANCE, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.run_process import process_tags
from vsf_assets.resources.warehouse import WarehouseResource


@dg.op
def remove_what_is_old(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
) -> None:
    """Remove old snapshots, Dagster's old records and old log files."""
    from vsf_assets.retention.maintain import maintain

    context.instance.add_run_tags(context.run.run_id, process_tags())
    settings, run_id = warehouse.settings(), context.run.run_id
    with (
        run_log(settings, run_id, context.log.info) as log,
        recorded_run(settings, run_id, MAINTENANCE, warn=log) as record,
        object_store.in_use(),
    ):
        done = maintain(settings, log)
        for line in done.lines():
            log(line)
        if done.problems:
            record.fail("; ".join(done.problems))
    context.add_output_metadata({"freed_bytes": done.freed, **{part.kind: part.count for part in done.removed}})
    if done.problems:
        raise dg.Failure("; ".join(done.problems))


@dg.job(
    name="maintenance",
    description="Removes old snapshots, Dagster's old records and old log files, as the settings VSF_KEEP_… say."
    " With a lake it also merges small data files and removes those that no snapshot names, while no run writes.",
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


@dg.sensor(
    name="old_ticks",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Removes old ticks and evaluations each hour, because they grow by megabytes an hour.",
)
def old_ticks(warehouse: WarehouseResource) -> dg.SkipReason:
    """Remove old ticks of sensors and old evaluations of automation."""
    from datetime import UTC, datetime

    from vsf_assets.retention.dagster_tables import SCHEDULES, purge_ticks, shrink

    settings = warehouse.settings()
    removed = purge_ticks(settings.dagster_home, settings.keep_tick_days, datetime.now(UTC))
    shrink(settings.dagster_home, [SCHEDULES])
    return dg.SkipReason("removed: " + ", ".join(f"{part.count:,} {part.kind}" for part in removed))
