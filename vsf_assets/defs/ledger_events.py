"""What Dagster shows of the ledger, as events: materializations with counts and previews, and results of checks.

Here: queries on the loaded rows, and the events made from them. Not here: which runs log them (ingest_events.py), and
what of the ledger Dagster does not show (ledger_differences.py).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.contracts import get_table
from vsf_assets.defs import code_versions
from vsf_assets.defs.charts import bars
from vsf_assets.defs.ledger_differences import (
    DATA_VERSION,
    Part,
    differences,
    missing_dynamic_partitions,
    read_loaded,
    shown_states,
    stored_states,
)
from vsf_assets.defs.metadata import PREVIEW_ROWS, contract_schema, markdown_table
from vsf_assets.defs.partitions import partitions_of
from vsf_assets.feeds.feed import Feed
from vsf_assets.pipeline.ingest import RunReport
from vsf_assets.warehouse.contract_versions import contract_version_of
from vsf_assets.warehouse.ledger import FileRow, read_files

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEDGER_KEYS = (dg.AssetKey(["raw", "files"]), dg.AssetKey(["raw", "findings"]))

MOST_PREVIEWS = 20

FIRST_READ = 5
"""Entries of the metadata of a materialization that stand above the preview."""


def asset_key(table: str) -> dg.AssetKey:
    """Return the asset key of `schema.table`."""
    return dg.AssetKey(table.split("."))


@dataclass(frozen=True)
class LedgerEvents:
    """What Dagster does not know of the ledger yet.

    Attributes:
        materializations: of tables and partitions, and of the ledger.
        checks: results of the checks on the files of these.
    """

    materializations: list[dg.AssetMaterialization] = field(default_factory=list)
    checks: list[dg.AssetCheckResult] = field(default_factory=list)


def ledger_events(
    instance: dg.DagsterInstance,
    connection: "DuckDBPyConnection",
    feeds: Collection[Feed],
    report: RunReport | None = None,
    *,
    maximum: int,
    is_checked: bool = False,
) -> LedgerEvents:
    """Return the events of an ingest, and of what the ledger holds and Dagster does not show.

    Partitions that Dagster shows and the ledger does not hold are wiped, and missing dynamic partitions are added.

    Args:
        instance: the instance whose events are compared.
        connection: the warehouse.
        feeds: the feeds that are compared.
        report: the ingest; None outside of one.
        maximum: highest number of partitions that are not of the ingest; later runs report the others.
        is_checked: whether the checks are evaluated on all files.
    """
    stored = report.stored if report is not None else []
    events = LedgerEvents()
    if stored:
        events.materializations.extend(
            dg.AssetMaterialization(key, metadata={"files": len(stored)}) for key in LEDGER_KEYS
        )
    states = stored_states(read_loaded(connection, feeds), feeds)
    found = differences(states, shown_states(instance, feeds))
    for name, keys in missing_dynamic_partitions(instance, states, feeds).items():
        instance.add_dynamic_partitions(name, keys)
    for table, partition in found.gone:
        instance.wipe_asset_partitions(asset_key(table), [partition or ""])
    unreported = set(found.unreported[:maximum])
    for feed in feeds:
        batch = [row for row in stored if row.feed == feed.name]
        of_feed = _FeedEvents(connection, feed, batch, unreported, report, is_checked)
        for table in feed.tables if of_feed.files else ():
            events.materializations.extend(of_feed.materializations(table, states))
            checked = of_feed.to_check(table)
            events.checks.extend(_check_results(connection, table, checked) if checked else ())
    return events


@dataclass(frozen=True)
class _FeedEvents:
    """The events of one feed.

    Attributes:
        connection: the warehouse.
        feed: the feed.
        batch: the files that this run stored.
        unreported: parts whose files Dagster does not know yet, of any feed.
        report: the ingest; None outside of one.
        is_checked: whether all files of the feed are checked.
    """

    connection: "DuckDBPyConnection"
    feed: Feed
    batch: list[FileRow]
    unreported: Collection[Part]
    report: RunReport | None
    is_checked: bool

    @cached_property
    def is_partitioned(self) -> bool:
        return partitions_of(self.feed.partitioning) is not None

    @cached_property
    def partitions(self) -> set[str | None]:
        """The partitions of the batch."""
        return {self.partition_of(row) for row in self.batch}

    @cached_property
    def files(self) -> list[FileRow]:
        """The ledger's files of the partitions that are reported, in landing order, and the batch; or all files."""
        own = [partition for table, partition in self.unreported if table in self.feed.tables]
        if not self.batch and not own and not self.is_checked:
            return []
        if not self.is_partitioned or self.is_checked:
            return read_files(self.connection, "feed = ?", (self.feed.name,))
        keys = list({*own, *self.partitions} - {None})
        found = read_files(self.connection, "feed = ? and list_contains(?, partition_key)", (self.feed.name, keys))
        return found + [row for row in self.batch if row.partition_key is None]

    def partition_of(self, row: FileRow) -> str | None:
        return row.partition_key if self.is_partitioned else None

    def parts(self, table: str) -> dict[str | None, list[FileRow]]:
        """Return partition -> its loaded files with rows of a table, of the partitions that are reported."""
        parts: dict[str | None, list[FileRow]] = {}
        for row in self.files:
            if row.status == "loaded" and table in self.feed.tables_of(row.file_name):
                parts.setdefault(self.partition_of(row), []).append(row)
        return {
            partition: rows
            for partition, rows in parts.items()
            if (partition is not None or not self.is_partitioned)
            and (partition in self.partitions or (table, partition) in self.unreported)
        }

    def materializations(self, table: str, states: Mapping[Part, str]) -> Iterator[dg.AssetMaterialization]:
        parts = self.parts(table)
        counts = _rows(self.connection, self.feed, table, parts)
        loaded = {row.file_id for row in self.batch}
        newest = max((row.partition_key or "" for row in self.batch if row.status == "loaded"), default="")
        for number, (partition, files) in enumerate(parts.items()):
            new = [row for row in files if row.file_id in loaded] or files
            rows = _Rows(sum(counts[row.file_id] for row in new), sum(counts[row.file_id] for row in files))
            metadata = _metadata(table, files, new, rows, self.is_partitioned)
            if len(parts) - number <= MOST_PREVIEWS:
                first = dict(list(metadata.items())[:FIRST_READ])
                metadata = {**first, "preview": _preview(self.connection, table, files[-1]), **metadata}
            metadata |= _scan_metadata(self.report, self.feed) if self.report is not None else {}
            if partition is not None and partition == newest and self.feed.partitioning.rhythm:
                name = f"{self.feed.partitioning.rhythm}_volume"
                metadata[name] = _volume(self.connection, self.feed, partition)
            tags = {code_versions.TAG: contract_version_of(self.feed), DATA_VERSION: states[table, partition]}
            yield dg.AssetMaterialization(asset_key(table), partition=partition, metadata=metadata, tags=tags)

    def to_check(self, table: str) -> list[FileRow]:
        """Return the batch, and the files of other partitions of a table that were not reported."""
        new = {row.file_id for row in self.batch}
        return [row for row in self.files if self.is_checked or row.file_id in new or self._is_left(table, row)]

    def _is_left(self, table: str, row: FileRow) -> bool:
        partition = self.partition_of(row)
        return (table, partition) in self.unreported and partition not in self.partitions


@dataclass(frozen=True)
class _Rows:
    """Rows of one table in one partition: those of the run's files, and all of them."""

    new: int
    all: int


def _rows(
    connection: "DuckDBPyConnection", feed: Feed, table: str, parts: Mapping[str | None, Sequence[FileRow]]
) -> dict[int, int]:
    """Return file id -> its rows in a table; the ledger counts them unless a file has rows of several tables."""
    files = [row for part in parts.values() for row in part]
    if feed.members or len(feed.tables) == 1:
        return {row.file_id: row.rows_loaded for row in files}
    sql = f"select _file_id, count(*) from {table} where list_contains(?, _file_id) group by all"  # noqa: S608
    counts = dict(connection.execute(sql, [[row.file_id for row in files]]).fetchall())
    return {row.file_id: int(counts.get(row.file_id, 0)) for row in files}


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


def _metadata(table: str, files: list[FileRow], new: list[FileRow], rows: _Rows, is_partition: bool) -> dict[str, Any]:
    """Return what a person reads first in the first places; the UI draws numbers as plots, over partitions too.

    Args:
        table: the table.
        files: the loaded files of the partition, or of the table.
        new: those that the run loaded; all of them, if an earlier run did and could not report it.
        rows: the rows of both.
        is_partition: whether they are of one partition.
    """
    newest = files[-1]
    bad = sum(row.rows_quarantined for row in new)
    read = sum(row.rows_loaded for row in new) + bad
    return {
        "rows_loaded": rows.new,
        "rows_quarantined": bad,
        "bad_share": round(bad / read, 6) if read else 0.0,
        "files": len(new),
        "newest_file": newest.file_name,
        "dagster/partition_row_count" if is_partition else "dagster/row_count": rows.all,
        "bytes": sum(row.bytes for row in new),
        "newest_sha256": newest.sha256,
        "dagster/column_schema": contract_schema(get_table(table)),
        "dagster/table_name": table,
    }


def _preview(connection: "DuckDBPyConnection", table: str, file: FileRow) -> dg.MarkdownMetadataValue:
    preview = connection.table(table).filter(f"_file_id = {file.file_id}").limit(PREVIEW_ROWS)
    return markdown_table(preview.columns, preview.fetchall())


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


def _check_results(connection: Any, table: str, rows: list[FileRow]) -> Iterator[dg.AssetCheckResult]:
    ids = [row.file_id for row in rows]
    found = connection.execute(
        "select file_name, line_number, anomaly, column_name, raw_value, reason from raw.findings"
        " join raw.files using (file_id) where file_id in (select unnest(?::bigint[])) and severity = 'error'"
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
        yield dg.AssetCheckResult(
            asset_key=asset_key(table),
            check_name=name,
            passed=passed,
            severity=severity,
            metadata=metadata | ({"why": why} if why else {}),
        )


def _found(connection: Any, ids: list[int], first: tuple[str, int | None]) -> str:
    """Return what is wrong with some files, for a message: the number of findings by anomaly, and the first place."""
    counts = connection.execute(
        "select anomaly, count(*) from raw.findings"
        " where file_id in (select unnest(?::bigint[])) and severity = 'error'"
        " group by all order by count(*) desc, anomaly",
        [ids],
    ).fetchall()
    listed = ", ".join(f"{count:,} {anomaly}" for anomaly, count in counts)
    name, line = first
    return f"{listed}; the first in {name}" + (f", line {line}" if line is not None else "")
