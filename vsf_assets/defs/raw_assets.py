"""Raw assets: one multi-asset per family, generated from the feed declarations.

Here: the specs and checks of the assets that ingest. Not here: what such a step does (ingest_step.py). One run
loads a batch of files of any partitions. The assets are skippable and log materializations only for partitions with
loaded files, so the UI never shows a day without a file as materialized.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from vsf_assets.contracts import get_table
from vsf_assets.defs.ingest_events import report_checks
from vsf_assets.defs.ingest_step import IngestConfig, IngestStep
from vsf_assets.defs.ledger_events import asset_key
from vsf_assets.defs.metadata import LAYER, contract_schema
from vsf_assets.defs.outages import marked_outage
from vsf_assets.defs.partitions import partitions_of
from vsf_assets.defs.refused_runs import refuse_if_wrong
from vsf_assets.defs.run_reaper import mark_process
from vsf_assets.feeds import families
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.recorded_run import INGEST, recorded_run
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.resources.object_store import ObjectStoreResource
from vsf_assets.resources.run_tags import WRITER
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.warehouse.contract_versions import contract_version_of

WRITER_TAG = {WRITER: "warehouse"}


def ingest_job_name(family: str) -> str:
    """Return the name of the job that ingests a family."""
    return f"ingest_{family}"


def ingest_assets(family: str) -> dg.AssetsDefinition:
    """Return the raw assets of a family with their checks."""
    feeds = families()[family]
    specs = [_spec(feed, table) for feed in feeds for table in feed.tables]
    checks = [check for feed in feeds for table in feed.tables for check in _check_specs(table)]

    @dg.multi_asset(
        name=f"{family}_files",
        specs=specs,
        check_specs=checks,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def ingest_files(
        context: dg.AssetExecutionContext,
        config: IngestConfig,
        warehouse: WarehouseResource,
        object_store: ObjectStoreResource,
    ) -> Iterator[dg.AssetCheckResult]:
        mark_process(context)
        settings = warehouse.settings()
        refuse_if_wrong(context, settings)
        if not context.selected_asset_keys:
            yield from report_checks(context, warehouse, feeds)
            return
        with (
            marked_outage(context),
            run_log(settings, context.run.run_id, context.log.info) as log,
            recorded_run(settings, context.run.run_id, INGEST, [family], warn=log) as record,
        ):
            step = IngestStep(context, config, feeds, log)
            report = step.load(warehouse, object_store, record)
            yield from step.events(warehouse, report)
            failure = step.failure(report)
            if failure:
                raise dg.Failure(failure)

    return ingest_files


def _spec(feed: Feed, table_name: str) -> dg.AssetSpec:
    table = get_table(table_name)
    where = "look for the file in the landing zone with `vsf status`"
    if feed.is_fetched:
        where = "`vsf status` shows the objects to fetch and those that could not be fetched"
    return dg.AssetSpec(
        asset_key(table_name),
        description=f"{feed.description}\n\nOne row is {table.grain}; records with an error are in `raw.findings`. "
        f"When it is late: {where}.",
        group_name=feed.models,
        owners=[feed.owner],
        kinds={"duckdb", "polars"},
        code_version=contract_version_of(feed),
        partitions_def=partitions_of(feed.partitioning),
        metadata={"dagster/column_schema": contract_schema(table), "dagster/table_name": table_name},
        tags={"family": feed.family, LAYER: "raw"},
        freshness_policy=_freshness(feed),
        skippable=True,
    )


def _freshness(feed: Feed) -> dg.FreshnessPolicy | None:
    """Return the freshness policy of a regular feed: a warning after its time limit, a failure after twice that."""
    if not feed.late_after_hours:
        return None
    window = timedelta(hours=feed.late_after_hours)
    return dg.FreshnessPolicy.time_window(fail_window=2 * window, warn_window=window)


def _check_specs(table: str) -> list[dg.AssetCheckSpec]:
    key = asset_key(table)
    return [
        dg.AssetCheckSpec(
            "contract", asset=key, description="Every record of the batch fulfils the contract.", blocking=False
        ),
        dg.AssetCheckSpec(
            "row_conservation",
            asset=key,
            description="Records read = loaded + quarantined + blank + skipped, for every file of the batch.",
        ),
    ]
