"""Raw assets: one multi-asset per family, made from the feed declarations.

Here: what Dagster shows of an ingest. Not here: the ingest (ingest/engine.py). One run takes a
batch of files of any partitions; the assets are skippable and log a materialization for exactly
the partitions that got files, so that a day without a file is never shown as materialized.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from vsf_assets.contracts import get_table
from vsf_assets.defs.metadata import PREVIEW_ROWS, contract_schema, markdown_table, tell_check
from vsf_assets.defs.partitions import partitions_of
from vsf_assets.defs.process import mark_process
from vsf_assets.feeds import families
from vsf_assets.feeds.feed import Feed
from vsf_assets.ingest.batches import IngestReport
from vsf_assets.ingest.engine import Selection, ingest
from vsf_assets.ingest.settle import Look, look_at
from vsf_assets.ingest.store import EPOCH, Entry
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.runlog import run_log
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.ledger import FileRow

LEDGER_KEYS = (dg.AssetKey(["raw", "files"]), dg.AssetKey(["raw", "findings"]))
WRITER_TAG = {"vsf/writer": "warehouse"}


class IngestConfig(dg.Config):
    """What an ingest run is asked for.

    Attributes:
        reload: `if_idle` reads archived files of the partitions again when nothing is pending
            (what the UI asks for), `changed` those whose contract changed, `all` every one.
        partitions: partition keys to take; empty for the run's own, or all.
        first, last: bounds of a range of partitions; empty leaves an end open.
        looked_at: when the sensor looked (seconds since 1970), with `look`.
        look: path -> [bytes, modified microseconds since 1970] that the sensor saw.
    """

    reload: str = "if_idle"
    partitions: list[str] = Field(default_factory=list)
    first: str = ""
    last: str = ""
    looked_at: float = 0.0
    look: dict[str, list[int]] = Field(default_factory=dict)


def asset_key(table: str) -> dg.AssetKey:
    """Return the asset key of `schema.table`."""
    return dg.AssetKey(table.split("."))


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
    def take_files(
        context: dg.AssetExecutionContext, config: IngestConfig, warehouse: WarehouseResource
    ) -> Iterator[dg.AssetCheckResult]:
        mark_process(context)
        with run_log(warehouse.settings(), context.run.run_id, context.log.info) as tell:
            target = warehouse.warehouse(tell)
            report = ingest(target, _selection(context, config, feeds), context.run.run_id, tell, _look(config))
            for path, why in report.left:
                tell(f"left for a later run: {path}: {why}")
            yield from _tell(context, target, report, feeds)
            if report.failed:
                raise dg.Failure("; ".join(f"{path}: {why}" for path, why in report.failed))

    return take_files


def _spec(feed: Feed, table_name: str) -> dg.AssetSpec:
    table = get_table(table_name)
    return dg.AssetSpec(
        asset_key(table_name),
        description=f"{feed.description}\n\nOne row is {table.grain}; bad records are in `raw.findings`. "
        f"When it is late: look for the file in the landing zone with `vsf status`.",
        group_name="raw",
        owners=[feed.owner],
        kinds={"duckdb", "polars"},
        partitions_def=partitions_of(feed.partitioning),
        metadata={"dagster/column_schema": contract_schema(table), "dagster/table_name": table_name},
        tags={"family": feed.family},
        skippable=True,
    )


def _check_specs(table: str) -> list[dg.AssetCheckSpec]:
    key = asset_key(table)
    return [
        dg.AssetCheckSpec(
            "contract", asset=key, description="Every record of the batch keeps the contract.", blocking=False
        ),
        dg.AssetCheckSpec(
            "row_conservation",
            asset=key,
            description="Records read = loaded + quarantined + blank + skipped, for every file of the batch.",
        ),
    ]


def _selection(context: dg.AssetExecutionContext, config: IngestConfig, feeds: tuple[Feed, ...]) -> Selection:
    names = [f.name for f in feeds if any(asset_key(t) in context.selected_asset_keys for t in f.tables)]
    partitions: list[str] | None = config.partitions or None
    if partitions is None and (context.has_partition_key or context.has_partition_key_range):
        partitions = list(context.partition_keys)
    return Selection(names, partitions, config.reload, config.first or None, config.last or None)


def as_config(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """Return path -> [bytes, modified microseconds since 1970], for a cursor or a run's config."""
    return {e.path: [e.size, (e.modified - EPOCH) // timedelta(microseconds=1)] for e in entries}


def from_config(at: float, shown: Mapping[str, Sequence[int]]) -> Look:
    """Return the look that `as_config` wrote."""
    entries = (Entry(p, size, EPOCH + timedelta(microseconds=modified)) for p, (size, modified) in shown.items())
    return look_at(entries, at)


def _look(config: IngestConfig) -> Look | None:
    return from_config(config.looked_at, config.look) if config.look else None


def _tell(
    context: dg.AssetExecutionContext, warehouse: Warehouse, report: IngestReport, feeds: tuple[Feed, ...]
) -> Iterator[dg.AssetCheckResult]:
    """Log a materialization per table and partition that got files, and the results of the checks."""
    if not report.stored:
        context.log.info("no file was pending; nothing is materialized")
        return
    for key in LEDGER_KEYS:
        context.log_event(dg.AssetMaterialization(key, metadata={"files": len(report.stored)}))
    with warehouse.read("previews") as connection:
        for feed in feeds:
            rows = [row for row in report.stored if row.feed == feed.name]
            for table in feed.tables if rows else ():
                for partition in dict.fromkeys(row.partition_key for row in rows):
                    files = [row for row in rows if row.partition_key == partition and row.status == "loaded"]
                    if files and (partition is not None or feed.partitioning.kind == "none"):
                        metadata = _metadata(connection, table, files)
                        context.log_event(
                            dg.AssetMaterialization(asset_key(table), partition=partition, metadata=metadata)
                        )
                yield from _check_results(context, connection, table, rows)


def _metadata(connection: Any, table: str, files: list[FileRow]) -> dict[str, Any]:
    newest = files[-1]
    preview = connection.table(table).filter(f"_file_id = {newest.file_id}").limit(PREVIEW_ROWS)
    return {
        "dagster/partition_row_count": sum(f.rows_loaded for f in files),
        "dagster/column_schema": contract_schema(get_table(table)),
        "dagster/table_name": table,
        "files": len(files),
        "rows_quarantined": sum(f.rows_quarantined for f in files),
        "bytes": sum(f.bytes for f in files),
        "newest_file": newest.file_name,
        "newest_sha256": newest.sha256,
        "preview": markdown_table(preview.columns, preview.fetchall()),
    }


def _check_results(
    context: dg.AssetExecutionContext, connection: Any, table: str, rows: list[FileRow]
) -> Iterator[dg.AssetCheckResult]:
    ids = [row.file_id for row in rows]
    found = connection.execute(
        "select file_name, line_number, anomaly, column_name, raw_value, reason from raw.findings"
        " join raw.files using (file_id) where list_contains(?, file_id) and severity = 'error'"
        " order by landed_at, file_name, line_number limit 10",
        [ids],
    )
    names = [column[0] for column in found.description]
    bad = found.fetchall()
    lost = [
        row
        for row in rows
        if row.lines_read != row.rows_loaded + row.rows_quarantined + row.rows_blank + row.rows_skipped
    ]
    results = {
        "contract": (not bad, dg.AssetCheckSeverity.WARN, markdown_table(names, bad)),
        "row_conservation": (
            not lost,
            dg.AssetCheckSeverity.ERROR,
            markdown_table(
                ["file", "lines_read", "rows_loaded"], [(r.file_name, r.lines_read, r.rows_loaded) for r in lost]
            ),
        ),
    }
    for name, (passed, severity, sample) in results.items():
        result = dg.AssetCheckResult(
            asset_key=asset_key(table),
            check_name=name,
            passed=passed,
            severity=severity,
            metadata={"offending_rows": sample, "files": len(rows)},
        )
        yield from tell_check(context, result)
