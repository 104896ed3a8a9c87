"""The rebuild as a Dagster job, which the UI and the command line run.

Here: the job and its operation. Not here: the rebuild itself (pipeline/build.py), and its events (build_events.py,
ingest_events.py): with them everything that was red is green again when the rebuild succeeds.
"""

import dagster as dg

from vsf_assets.defs.build_events import log_rebuild
from vsf_assets.defs.dbt_specs import DbtAssets
from vsf_assets.defs.ingest_events import report_ledger
from vsf_assets.defs.raw_assets import WRITER_TAG
from vsf_assets.feeds import all_feeds
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.pipeline.recorded_run import REBUILD, record_build, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.run_process import process_tags
from vsf_assets.resources.warehouse import WarehouseResource

REBUILD_JOB = "rebuild_warehouse"
MOST_PARTS = 5000
"""Partitions that a rebuild reports at most: they are reported only where they differ from what Dagster shows."""


def rebuild_job(dbt_assets: DbtAssets) -> dg.JobDefinition:
    """Return the job that rebuilds the warehouse from the archive."""

    @dg.op
    def rebuild_from_archive(
        context: dg.OpExecutionContext, warehouse: WarehouseResource, object_store: ObjectStoreResource
    ) -> None:
        """Build a new warehouse from the archive, check it, replace the old one with it, and publish it."""
        context.instance.add_run_tags(context.run.run_id, process_tags())
        settings, run_id = warehouse.settings(), context.run.run_id
        with (
            run_log(settings, run_id, context.log.info) as log,
            recorded_run(settings, run_id, REBUILD, warn=log) as record,
            object_store.in_use(),
        ):
            report = rebuild(warehouse.warehouse(log), run_id, log)
            record_build(record, report)
            log_rebuild(context, dbt_assets, report)
            if not report.problems:
                report_ledger(context, warehouse, all_feeds().values(), MOST_PARTS, is_checked=True)
        if report.problems:
            raise dg.Failure("not replaced, the old warehouse stays: " + "; ".join(report.problems))

    @dg.job(
        name=REBUILD_JOB,
        description="Builds a new warehouse from the archive, and replaces the old one if the checks succeed.",
        tags=WRITER_TAG,
    )
    def rebuild_warehouse() -> None:
        rebuild_from_archive()

    return rebuild_warehouse
