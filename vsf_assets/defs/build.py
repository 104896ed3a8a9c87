"""The build: dbt models, their tests as checks, and the published snapshot, in one step.

Here: the step and its events. Not here: the order of build, checks and publish (pipeline.py). One
step, because the lock is held from the first model to the change of the pointer.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from vsf_assets.defs.metadata import markdown_table, stored_schema
from vsf_assets.defs.process import mark_process
from vsf_assets.defs.translator import DOWNSTREAM, DbtAssets
from vsf_assets.pipeline import BuildReport, build_and_publish, build_some
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.runlog import run_log

SNAPSHOT = dg.AssetKey(["snapshots", "current"])
BUILDS = dg.AssetKey(["raw", "builds"])
BUILD_JOB = "build_and_publish"
AUTOMATION_TAG = "dagster/from_automation_condition"
_SNAPSHOT_TEXT = (
    "The published snapshot: a checked copy of the warehouse that analysts open read-only as"
    " `snapshots/current.duckdb`. One materialization is one published version. When it is late: a blocking check"
    " failed (see the checks of the marts) or nothing new was delivered."
)


class BuildConfig(dg.Config):
    """What a build run is asked for; `only_if_pending` ends at once where nothing is new."""

    only_if_pending: bool = False


def build_assets(dbt_assets: DbtAssets, target: Path) -> dg.AssetsDefinition:
    """Return the dbt models and the snapshot as one multi-asset."""
    snapshot = dg.AssetSpec(
        SNAPSHOT,
        deps=dbt_assets.leaves(),
        description=_SNAPSHOT_TEXT,
        group_name="snapshots",
        owners=["team:data-platform"],
        kinds={"duckdb"},
        automation_condition=DOWNSTREAM,
        skippable=True,
    )

    @dg.multi_asset(
        name="marts_and_snapshot",
        specs=[*dbt_assets.specs, snapshot],
        check_specs=dbt_assets.check_specs(),
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def build(context: dg.AssetExecutionContext, config: BuildConfig, warehouse: WarehouseResource) -> Iterator[Any]:
        mark_process(context)
        keys = set(context.selected_asset_keys)
        with run_log(warehouse.settings(), context.run.run_id, context.log.info) as tell:
            target_warehouse = warehouse.warehouse(tell)
            if SNAPSHOT in keys:
                only_if_pending = config.only_if_pending or AUTOMATION_TAG in context.run.tags
                report = build_and_publish(target_warehouse, context.run.run_id, only_if_pending, tell)
            else:
                report = build_some(target_warehouse, dbt_assets.select(keys))
        yield from _events(context, dbt_assets, report, target)
        if report.problems:
            raise dg.Failure("not published, the earlier snapshot stays current: " + "; ".join(report.problems))
        if report.snapshot is not None:
            context.log_event(dg.AssetMaterialization(BUILDS, metadata={"build": report.number}))
            yield dg.MaterializeResult(SNAPSHOT, metadata=_snapshot_metadata(report))
        elif SNAPSHOT in keys:
            context.log.info("nothing is newer than the current snapshot")

    return build


def _events(
    context: dg.AssetExecutionContext, dbt_assets: DbtAssets, report: BuildReport, target: Path
) -> Iterator[Any]:
    """Turn dbt's messages into Dagster's events, with counts, schemas and samples."""
    if report.outcome is None:
        return
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    for raw_event in report.outcome.events:
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
        for event in message.to_default_asset_events(dbt_assets.manifest, dbt_assets.translator, context, target):
            enriched = _enriched(event, raw_event, dbt_assets, report)
            if isinstance(enriched, dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation):
                context.log_event(enriched)
            elif _is_selected(context, enriched, dbt_assets, raw_event):
                yield enriched
            elif isinstance(enriched, dg.Output):
                key = dbt_assets.by_id[raw_event["data"]["node_info"]["unique_id"]].key
                context.log_event(dg.AssetMaterialization(key, metadata=enriched.metadata))


def _is_selected(
    context: dg.AssetExecutionContext, event: Any, dbt_assets: DbtAssets, raw_event: dict[str, Any]
) -> bool:
    """Whether the run was asked for what the event is about; a full build makes more than that."""
    if isinstance(event, dg.AssetCheckResult):
        key = dg.AssetCheckKey(event.asset_key, event.check_name) if event.asset_key and event.check_name else None
        return key in context.selected_asset_check_keys
    return dbt_assets.by_id[raw_event["data"]["node_info"]["unique_id"]].key in context.selected_asset_keys


def _enriched(event: Any, raw_event: dict[str, Any], dbt_assets: DbtAssets, report: BuildReport) -> Any:
    unique_id = raw_event["data"]["node_info"]["unique_id"]
    if isinstance(event, dg.Output):
        key = dbt_assets.by_id[unique_id].key
        info = report.tables.get(".".join(key.path))
        extra: dict[str, Any] = (
            {
                "dagster/row_count": info.rows,
                "preview": markdown_table([name for name, _ in info.columns], info.preview),
                "dagster/column_schema": stored_schema(info.columns),
            }
            if info
            else {}
        )
        return event.with_metadata({**event.metadata, **extra})
    failed = report.outcome.failed.get(unique_id) if report.outcome else None
    if isinstance(event, dg.AssetCheckResult) and failed is not None:
        metadata: dict[str, Any] = {
            **event.metadata,
            "why": failed.message,
            "offending_rows": markdown_table(failed.columns, failed.rows),
        }
        return event._replace(metadata=metadata)
    return event


def _snapshot_metadata(report: BuildReport) -> dict[str, Any]:
    rows = [(name, info.rows) for name, info in sorted(report.tables.items()) if not name.startswith("staging.")]
    return {
        "snapshot": report.number,
        "file": report.snapshot.name if report.snapshot else "",
        "bytes": report.snapshot.stat().st_size if report.snapshot else 0,
        "tables": markdown_table(["table", "rows"], rows),
    }
