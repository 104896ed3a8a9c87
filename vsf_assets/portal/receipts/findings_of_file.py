"""What is wrong with a delivered file, as the reports of a snapshot have it.

Here: findings by kind, the first of them, the lines of bad rows, and the report files. Not here: what replaces texts
that the reader may not see (data/masking.py), and the formats of report files (reports/finding_writers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.receipts.ledger_entry import LedgerEntry, partition_of_today
from vsf_assets.reports.finding_queries import FindingsQuery
from vsf_assets.reports.finding_writers import WRITERS
from vsf_assets.snapshots.pool import OpenSnapshot

FIRST = 50
"""Findings that a page shows."""

REPORT_SECONDS = 120.0
"""Time limit of a report file."""

_OF_FILE = (
    "feed = $feed and coalesce(partition_key, '') = $partition and file_name = $file_name and landed_at = $landed_at"
)
_ORDER = "line_number nulls first, anomaly, column_name, reason"
_COLUMNS = ("line_number", "anomaly", "column_name", "raw_value", "raw_text", "severity", "reason", "records")


@dataclass(frozen=True)
class KindOfFinding:
    """Findings of one anomaly: whether they are errors, and the number of records they are about."""

    anomaly: str
    severity: str
    records: int


def kinds_of(snapshot: OpenSnapshot, entry: LedgerEntry) -> list[KindOfFinding]:
    """Return the findings of a file by anomaly, errors first, the most frequent first; it quotes nothing."""
    sql = (
        f"select anomaly, severity, sum(records)::bigint from reports.anomalies where {_OF_FILE}"  # noqa: S608
        " group by all order by severity, 3 desc, 1"
    )
    return [KindOfFinding(*row) for row in snapshot.kept(sql, _key(snapshot, entry)).rows]


def first_findings(
    snapshot: OpenSnapshot, entry: LedgerEntry, access: Access, anomaly: str = ""
) -> list[dict[str, Any]]:
    """Return the first findings of a file as the reader may see them, of one anomaly or of all, errors first."""
    source, values = seen_source(snapshot, catalog_of(snapshot)["reports.anomalies"], access)
    values |= _key(snapshot, entry)
    condition = ""
    if anomaly:
        values["anomaly"], condition = anomaly, " and anomaly = $anomaly"
    where = f"where {_OF_FILE}{condition} order by severity, {_ORDER} limit {FIRST}"
    sql = f"select {', '.join(_COLUMNS)} from {source} {where}"  # noqa: S608 - names of columns
    return snapshot.kept(sql, values).records()


def count_repeats(snapshot: OpenSnapshot, entry: LedgerEntry) -> int:
    """Return the number of rows of a file that repeat a row which stands, so that they count once."""
    sql = (
        f"select count(distinct line_number) from reports.anomalies where {_OF_FILE}"  # noqa: S608
        " and anomaly in ('duplicate_row', 'duplicate_key') and severity = 'warning'"
    )
    return int(snapshot.kept(sql, _key(snapshot, entry)).rows[0][0])


def bad_lines(snapshot: OpenSnapshot, entry: LedgerEntry) -> list[int]:
    """Return the lines of a file's bad rows, ascending, as far as they are listed."""
    sql = (
        "select distinct line_number from raw.findings"
        " where file_id = $file_id and is_quarantined and line_number is not null order by 1"
    )
    return [line for (line,) in snapshot.kept(sql, {"file_id": entry.file_id}).rows]


def bad_lines_with_reasons(snapshot: OpenSnapshot, entry: LedgerEntry) -> list[tuple[int, str]]:
    """Return (line, first reason) of a file's bad rows, ascending; only for readers who may see quoted texts."""
    findings = catalog_of(snapshot)["raw.findings"].source
    sql = (
        f"select line_number, string_agg(reason, '; ' order by rowid) from {findings}"  # noqa: S608 - a quoted name
        " where file_id = $file_id and is_quarantined and line_number is not null group by 1 order by 1"
    )
    return [(line, reason) for line, reason in snapshot.query(sql, {"file_id": entry.file_id}).rows]


def reason_of_file(snapshot: OpenSnapshot, entry: LedgerEntry, access: Access) -> tuple[str, str]:
    """Return (anomaly, reason) of the finding about a whole file; the reason is empty where it may not be seen."""
    found = [f for f in first_findings(snapshot, entry, access) if f["severity"] == "error" or entry.status != "loaded"]
    if not found:
        return "", ""
    return found[0]["anomaly"], found[0]["reason"] if found[0]["reason"] != "(hidden)" else ""


def dataset_version(snapshot: OpenSnapshot, entry: LedgerEntry) -> tuple[str, int, bool] | None:
    """Return (name, number, whether it is complete) of the version of a dataset that a file belongs to."""
    if not entry.declaration.members:
        return None
    sql = (
        "select dataset, version, is_complete from marts.dim_dataset_versions"
        " where dataset = $name and uploaded_at = $at"
    )
    values = {"name": partition_of_today(snapshot, entry), "at": _plain(entry.landed_at)}
    found = snapshot.kept(sql, values).rows
    return (str(found[0][0]), int(found[0][1]), bool(found[0][2])) if found else None


def write_report(snapshot: OpenSnapshot, entry: LedgerEntry, access: Access, form: str, path: Path) -> None:
    """Write the findings of a file, or of its version of a dataset, as CSV, JSON or HTML.

    A team that delivered the file and not all files of the version gets the findings of the file alone: it knows the
    texts of one, and the report of the version quotes all.
    """
    version = dataset_version(snapshot, entry)
    if version is not None and not (access.sees_texts and not _delivered_all(snapshot, entry, version[0], access)):
        table, order = "reports.dataset_anomalies", "file_order, line_number nulls first, anomaly, column_name"
        where, key = "dataset = $dataset and version = $version", {"dataset": version[0], "version": version[1]}
        title = f"dataset {version[0]}, version {version[1]}{'' if version[2] else ' (incomplete)'}"
        columns = {"file": "file_name"}
    else:
        table, order, where, key = "reports.anomalies", _ORDER, _OF_FILE, _key(snapshot, entry)
        title, columns = f"{entry.feed}, {entry.file_name}", {}
    source, values = seen_source(snapshot, catalog_of(snapshot)[table], access)
    columns |= {"line": "line_number", "anomaly": "anomaly", "column": "column_name"}
    columns |= {"value": "raw_value", "severity": "severity", "reason": "reason"}
    findings = FindingsQuery(title, columns, f"from {source} as seen where {where}", order, values | key)
    with (
        snapshot.cursor(REPORT_SECONDS, is_export=True) as cursor,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        WRITERS[form](cursor, findings, file)


def _delivered_all(snapshot: OpenSnapshot, entry: LedgerEntry, dataset: str, access: Access) -> bool:
    """Whether teams of the reader delivered every file of the version of a dataset that a file belongs to."""
    sql = "select sha256 from reports.files where feed = $feed and partition_key = $dataset and landed_at = $at"
    values = {"feed": entry.feed, "dataset": dataset, "at": _plain(entry.landed_at)}
    return {sha256 for (sha256,) in snapshot.kept(sql, values).rows} <= access.delivered


def _key(snapshot: OpenSnapshot, entry: LedgerEntry) -> dict[str, Any]:
    """Return the values of `_OF_FILE`; of a file of a deleted dataset they find nothing."""
    partition = partition_of_today(snapshot, entry)
    return {
        "feed": entry.feed,
        "partition": partition,
        "file_name": entry.file_name,
        "landed_at": _plain(entry.landed_at),
    }


def _plain(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def shown_lines(lines: Sequence[int], most: int = 100) -> str:
    """Return lines for people: `3, 17 and 40`."""
    shown = [f"{line:,}" for line in lines[:most]]
    if len(lines) > most:
        return f"{', '.join(shown)} and {len(lines) - most:,} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
