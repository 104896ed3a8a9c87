"""The Dagster events of an ingest run: materializations with counts and previews, and results of checks.

Here: queries on the loaded rows, and the events made from them. Not here: the assets (raw_assets.py).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from vsf_assets.common.visible_text import visible
from vsf_assets.contracts import get_table
from vsf_assets.defs import code_versions
from vsf_assets.defs.charts import bars
from vsf_assets.defs.metadata import PREVIEW_ROWS, contract_schema, markdown_table, report_check
from vsf_assets.defs.partitions import dynamic_partitions_name, partitions_of
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.ingest import RunReport
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.warehouse.contract_versions import contract_version_of
from vsf_assets.warehouse.ledger import FileRow

LEDGER_KEYS = (dg.AssetKey(["raw", "files"]), dg.AssetKey(["raw", "findings"]))

LOADED_TAG = "loaded"
"""Tag of a run, which the list of runs shows: what it stored."""

_LONGEST_TAG = 80


def loaded_text(stored: Sequence[FileRow]) -> str:
    """Return what a run stored, in a few words: the name of one file, or the number of files of each feed."""
    if not stored:
        return "nothing"
    feeds = Counter(row.feed for row in stored)
    text = visible(stored[0].file_name) if len(stored) == 1 else ", ".join(f"{n} {feed}" for feed, n in feeds.items())
    text = text if len(text) <= _LONGEST_TAG else text[: _LONGEST_TAG - 1] + "…"
    others = Counter(row.status for row in stored if row.status != "loaded")
    return text + (f" ({', '.join(f'{n} {status}' for status, n in others.items())})" if others else "")


def asset_key(table: str) -> dg.AssetKey:
    """Return the asset key of `schema.table`."""
    return dg.AssetKey(table.split("."))


def report_ingest(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, report: RunReport, feeds: tuple[Feed, ...]
) -> Iterator[dg.AssetCheckResult]:
    """Log a materialization per table and partition with loaded files, and yield the results of the checks."""
    context.instance.add_run_tags(context.run.run_id, {LOADED_TAG: loaded_text(report.stored)})
    if not report.stored:
        context.log.info("no file was pending; nothing is materialized")
        return
    _add_partitions(context, report, feeds)
    for key in LEDGER_KEYS:
        context.log_event(dg.AssetMaterialization(key, metadata={"files": len(report.stored)}))
    with warehouse.get_connection("previews", read_only=True, on_wait=context.log.info) as connection:
        for feed in feeds:
            rows = [row for row in report.stored if row.feed == feed.name]
            is_partitioned = partitions_of(feed.partitioning) is not None
            newest = max((row.partition_key or "" for row in rows if row.status == "loaded"), default="")
            for table in feed.tables if rows else ():
                for partition in dict.fromkeys(row.partition_key if is_partitioned else None for row in rows):
                    files = [
                        row
                        for row in rows
                        if row.status == "loaded"
                        and (not is_partitioned or row.partition_key == partition)
                        and (not feed.members or table in feed.tables_of(row.file_name))
                    ]
                    if files and (partition is not None or not is_partitioned):
                        metadata = _metadata(connection, table, files) | _scan_metadata(report, feed)
                        if partition is not None and partition == newest and feed.partitioning.rhythm:
                            metadata[f"{feed.partitioning.rhythm}_volume"] = _volume(connection, feed, partition)
                        context.log_event(
                            dg.AssetMaterialization(
                                asset_key(table),
                                partition=partition,
                                metadata=metadata,
                                tags={code_versions.TAG: contract_version_of(feed)},
                            )
                        )
                yield from _check_results(context, connection, table, rows)


def _add_partitions(context: dg.AssetExecutionContext, report: RunReport, feeds: tuple[Feed, ...]) -> None:
    """Register the dynamic partitions of the loaded files, before an event refers to them."""
    for feed in feeds:
        names = dynamic_partitions_name(feed.partitioning)
        if names is not None:
            got = [row.partition_key for row in report.stored if row.feed == feed.name and row.partition_key]
            context.instance.add_dynamic_partitions(names, list(dict.fromkeys(got)))


def _volume(connection: Any, feed: Feed, last: str) -> dg.MarkdownMetadataValue:
    """Return a chart of the rows loaded per partition, up to the partition `last`."""
    found = connection.execute(
        """
        select recent.key, coalesce(sum(files.rows_loaded), 0)
        from (select unnest($keys) as key) as recent
        left join raw.files as files on files.feed = $feed and files.partition_key = recent.key
        group by all order by all
        """,
        {"feed": feed.name, "keys": list(feed.partitioning.recent(last))},
    ).fetchall()
    return bars([(key, int(rows)) for key, rows in found], f"rows of {feed.name} per {feed.partitioning.noun}")


def _rows(connection: Any, table: str, files: list[FileRow]) -> int:
    """Count the rows of the files in one table; a file may hold rows of several tables."""
    sql = f"select count(*) from {table} where list_contains(?, _file_id)"  # noqa: S608
    return int(connection.execute(sql, [[f.file_id for f in files]]).fetchall()[0][0])


def _metadata(connection: Any, table: str, files: list[FileRow]) -> dict[str, Any]:
    newest = files[-1]
    preview = connection.table(table).filter(f"_file_id = {newest.file_id}").limit(PREVIEW_ROWS)
    return {
        "dagster/partition_row_count": _rows(connection, table, files),
        "dagster/column_schema": contract_schema(get_table(table)),
        "dagster/table_name": table,
        "files": len(files),
        "rows_quarantined": sum(f.rows_quarantined for f in files),
        "bytes": sum(f.bytes for f in files),
        "newest_file": newest.file_name,
        "newest_sha256": newest.sha256,
        "preview": markdown_table(preview.columns, preview.fetchall()),
    }


def _scan_metadata(report: RunReport, feed: Feed) -> dict[str, Any]:
    """Return counts of the scans and fetches of this run, for a feed whose files are fetched from a source."""
    scanned = [done for done in report.rounds if done.scan is not None]
    if not feed.is_fetched or not scanned or scanned[-1].scan is None:
        return {}
    return {
        "source": f"{scanned[-1].profile.name}: {scanned[-1].profile.address}",
        "scanned_at": dg.MetadataValue.timestamp(scanned[0].scan.at if scanned[0].scan else scanned[-1].scan.at),
        "objects_listed": len(scanned[-1].scan.listed),
        "objects_changed": sum(done.changed for done in scanned),
        "objects_vanished": sum(done.vanished for done in scanned),
        "objects_fetched": len({name for done in scanned for name in done.fetched}),
        "objects_failed": len(report.failed),
        "bytes_transferred": sum(done.transferred for done in scanned),
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
        "contract": (
            not bad,
            dg.AssetCheckSeverity.WARN,
            markdown_table(names, bad),
            _found(connection, ids, bad[0][:2]) if bad else "",
        ),
        "row_conservation": (
            not lost,
            dg.AssetCheckSeverity.ERROR,
            markdown_table(
                ["file", "lines_read", "rows_loaded"], [(r.file_name, r.lines_read, r.rows_loaded) for r in lost]
            ),
            f"{len(lost)} of {len(rows)} files, the first: {lost[0].file_name}" if lost else "",
        ),
    }
    for name, (passed, severity, sample, why) in results.items():
        metadata: dict[str, Any] = {"offending_rows": sample, "files": len(rows)}
        result = dg.AssetCheckResult(
            asset_key=asset_key(table),
            check_name=name,
            passed=passed,
            severity=severity,
            metadata=metadata | ({"why": why} if why else {}),
        )
        yield from report_check(context, result)


def _found(connection: Any, ids: list[int], first: tuple[str, int | None]) -> str:
    """Return what is wrong with some files, for a message: the number of findings by anomaly, and the first place."""
    counts = connection.execute(
        "select anomaly, count(*) from raw.findings where list_contains(?, file_id) and severity = 'error'"
        " group by all order by count(*) desc, anomaly",
        [ids],
    ).fetchall()
    listed = ", ".join(f"{count:,} {anomaly}" for anomaly, count in counts)
    name, line = first
    return f"{listed}; the first in {name}" + (f", line {line}" if line is not None else "")
