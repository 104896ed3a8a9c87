"""The Dagster events of a build: materializations of models, results of checks, the published snapshot.

Here: the events made from the report of a build or rebuild, and logging them. Not here: the step that builds (marts.py)
and the job that rebuilds (rebuild_job.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg

from vsf_assets.defs import code_versions
from vsf_assets.defs.dataset_reports import log_reports
from vsf_assets.defs.dbt_specs import DbtAssets
from vsf_assets.defs.metadata import evaluation_of, markdown_table, stored_schema
from vsf_assets.defs.plotted_numbers import plotted_numbers
from vsf_assets.pipeline.build import BuildReport, TableInfo
from vsf_assets.resources import run_tags
from vsf_assets.resources.run_plans import BROKEN
from vsf_assets.snapshots.current import Snapshot, snapshot_bytes
from vsf_assets.transform.dbt_paths import SCHEMAS_OF_ANALYSTS
from vsf_assets.transform.dbt_runner import FailedCheck

SNAPSHOT = dg.AssetKey(["snapshots", "current"])
BUILDS = dg.AssetKey(["raw", "builds"])
Context = dg.AssetExecutionContext | dg.OpExecutionContext


def build_events(dbt_assets: DbtAssets, report: BuildReport) -> Iterator[Any]:
    """Convert dbt's messages into Dagster events, with counts, schemas and samples.

    Yields:
        AssetMaterialization for models, AssetCheckResult for tests, and observations.
    """
    if report.outcome is None:
        return
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    numbers = plotted_numbers(dbt_assets.manifest, report.snapshot, report.tables, report.lake)
    versions = {spec.key: spec.code_version for spec in dbt_assets.specs}
    for raw_event in _by_depth(report.outcome.messages, dbt_assets.manifest):
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
        for event in message.to_default_asset_events(dbt_assets.manifest, dbt_assets.translator):
            if isinstance(event, dg.AssetMaterialization):
                table = ".".join(event.asset_key.path)
                metadata = {**numbers.get(table, {}), **_stored(report.tables.get(table)), **event.metadata}
                tags = {code_versions.TAG: versions.get(event.asset_key) or ""}
                yield dg.AssetMaterialization(event.asset_key, metadata=metadata, tags=tags)
            elif isinstance(event, dg.AssetCheckEvaluation):
                failed = report.outcome.failed.get(raw_event["data"]["node_info"]["unique_id"])
                yield _check_result(event, failed)
            else:
                yield event


def _by_depth(messages: Iterable[Any], manifest: Mapping[str, Any]) -> list[Any]:
    """Sort messages of models and tests by the length of the longest way that leads to them from a source.

    Dagster reads the newest events of what a model is made from, which have to be stored before. In this order that is
    one transaction for each length, and not one for each model.
    """
    parents: Mapping[str, list[str]] = manifest["parent_map"]

    @cache
    def depth(node: str) -> int:
        return 1 + max(map(depth, parents.get(node, ())), default=0)

    return sorted(messages, key=lambda message: depth(message["data"]["node_info"]["unique_id"]))


def log_rebuild(context: dg.OpExecutionContext, dbt_assets: DbtAssets, report: BuildReport) -> None:
    """Log the events of a rebuild, whose run selects no asset.

    Of a refused rebuild only the failed checks and broken models are logged: the old warehouse stays, with its marts.
    """
    for event in build_events(dbt_assets, report):
        if isinstance(event, dg.AssetCheckResult):
            is_blocking = not event.passed and event.severity == dg.AssetCheckSeverity.ERROR
            if is_blocking or not report.problems:
                context.log_event(evaluation_of(event))  # type: ignore[arg-type]  # an op logs results of checks too
        elif not report.problems:
            context.log_event(event)
    report_broken(context, dbt_assets, report)
    if report.snapshot is not None:
        metadata = log_published(context, report, report.snapshot)
        tags = {code_versions.TAG: dbt_assets.versions.of_all}
        context.log_event(dg.AssetMaterialization(SNAPSHOT, metadata=metadata, tags=tags))


def log_published(context: Context, report: BuildReport, snapshot: Snapshot) -> dict[str, Any]:
    """Log what was published beside the snapshot; return the metadata of the snapshot's own materialization."""
    context.log_event(dg.AssetMaterialization(BUILDS, metadata={"build": report.number}))
    context.instance.add_run_tags(context.run.run_id, {run_tags.SNAPSHOT: str(report.number)})
    log_reports(context, snapshot, report.lake)
    return _snapshot_metadata(report)


def report_broken(context: Context, dbt_assets: DbtAssets, report: BuildReport) -> None:
    """Log the models that could not be built: the UI shows these as failed, and no other asset (run_plans.py)."""
    for unique_id, why in report.outcome.broken.items() if report.outcome else ():
        metadata = {BROKEN: dg.MetadataValue.text(why)}
        context.log_event(dg.AssetObservation(dbt_assets.by_id[unique_id].key, metadata=metadata))


def _stored(info: TableInfo | None) -> dict[str, Any]:
    """Return the metadata of a stored table; it is empty for views and ephemeral models."""
    if info is None:
        return {}
    return {
        "preview": markdown_table([name for name, _ in info.columns], info.preview),
        "dagster/row_count": info.rows,
        "dagster/column_schema": stored_schema(info.columns),
    }


def _check_result(event: dg.AssetCheckEvaluation, failed: FailedCheck | None) -> dg.AssetCheckResult:
    """Return the result of a check; after a failure with the reason and the offending rows."""
    why: dict[str, Any] = (
        {"why": failed.message, "rule": failed.rule, "offending_rows": markdown_table(failed.columns, failed.rows)}
        if failed is not None
        else {}
    )
    return dg.AssetCheckResult(
        asset_key=event.asset_key,
        check_name=event.check_name,
        passed=event.passed,
        severity=event.severity,
        metadata={**event.metadata, **why},
    )


def _snapshot_metadata(report: BuildReport) -> dict[str, Any]:
    rows = [
        (name, info.rows) for name, info in sorted(report.tables.items()) if name.split(".")[0] in SCHEMAS_OF_ANALYSTS
    ]
    return {
        "snapshot": report.number,
        "file": report.snapshot.name if report.snapshot else "",
        "bytes": snapshot_bytes(report.snapshot) if report.snapshot else 0,
        "tables": markdown_table(["table", "rows"], rows),
    }
