"""The findings of a version: counts, keyset pages, and the file `anomalies_report.csv`.

Here: what a reader may see of them; delivered values are hidden from those who may not see them. Not here: the report
as such (reports/finding_queries.py).
"""

import base64
import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from vsf_assets.masking.pseudonyms import HIDDEN
from vsf_assets.portal.datasets.ownership import DatasetAccess
from vsf_assets.portal.datasets.versions import PAGE, DatasetVersion
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.reports.finding_queries import FindingsQuery, dataset_findings
from vsf_assets.reports.finding_writers import write_csv
from vsf_assets.snapshots.pool import OpenSnapshot

REPORT = "anomalies_report.csv"
"""Name of the file."""

SECONDS = 120.0
"""Time limit of writing a report."""

_QUOTING = ("value", "reason")
"""Columns of the report that quote delivered values."""

_PLACE = (
    "file_order",
    "coalesce(line_number, -1)",
    "anomaly",
    "coalesce(column_name, '')",
    "rowid",
)
_COUNTS = """
    select anomaly, severity, count(*) from reports.dataset_anomalies
    where dataset = $name and version = $version group by all order by all
"""


def seen_findings(version: DatasetVersion, access: DatasetAccess) -> FindingsQuery:
    """Return the findings of a version as the reader may see them."""
    found = dataset_findings(version.dataset, version.number, version.is_complete)
    if access.sees_values(version.dataset, version.uploaded_at):
        return found
    hidden = {name: f"case when {found.columns[name]} is not null then '{HIDDEN}' end" for name in _QUOTING}
    return replace(found, columns={**found.columns, **hidden})


def finding_counts(snapshot: OpenSnapshot, version: DatasetVersion) -> list[tuple[str, str, int]]:
    """Return (anomaly, severity, number) of a version's findings; raises what `finding_page` raises."""
    return snapshot.kept(_COUNTS, {"name": version.dataset, "version": version.number}).rows  # type: ignore[return-value]


def finding_page(
    snapshot: OpenSnapshot, version: DatasetVersion, access: DatasetAccess, anomaly: str = "", after: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """Return a page of a version's findings in the report's order, and the cursor of the next page, empty at the end.

    Raises:
        WrongParameterError: the cursor is malformed.
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    values: dict[str, Any] = {"name": version.dataset, "version": version.number}
    place = ", ".join(_PLACE)
    conditions = ["dataset = $name and version = $version"]
    if anomaly:
        conditions.append("anomaly = $anomaly")
        values["anomaly"] = anomaly
    if after:
        given = _read_cursor(after)
        values |= {f"after{number}": value for number, value in enumerate(given)}
        conditions.append(f"({place}) > ({', '.join(f'$after{number}' for number in range(len(_PLACE)))})")
    columns = ", ".join(f"{sql} as {name}" for name, sql in _quoted(seen_findings(version, access)).items())
    sql = f"""
        select {columns}, [{", ".join(f"cast({part} as varchar)" for part in _PLACE)}] as place
        from reports.dataset_anomalies where {" and ".join(conditions)} order by {place} limit {PAGE + 1}
    """  # noqa: S608 - names of ours, bound values
    found = snapshot.kept(sql, values, PAGE + 1).records()
    return found[:PAGE], _cursor(found[PAGE - 1]["place"]) if len(found) > PAGE else ""


def _quoted(findings: FindingsQuery) -> dict[str, str]:
    return {f'"{name}"': sql for name, sql in findings.columns.items()}


def _cursor(place: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, int, str, str, int]:
    try:
        file, line, anomaly, column, row = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        found = (int(file), int(line), str(anomaly), str(column), int(row))
    except (ValueError, TypeError, RecursionError):
        raise WrongParameterError("after is no cursor; begin again without it") from None
    if not all(abs(number) < 2**62 for number in (found[0], found[1], found[4])):
        raise WrongParameterError("after is no cursor; begin again without it")
    return found


def report_file(snapshot: OpenSnapshot, version: DatasetVersion, access: DatasetAccess) -> Path:
    """Return a new file with the report of a version; who sends it removes it.

    Raises:
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    path = new_file(snapshot, "csv")
    try:
        with snapshot.cursor(SECONDS, is_export=True) as cursor, path.open("x", encoding="utf-8", newline="") as file:
            write_csv(cursor, seen_findings(version, access), file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def new_file(snapshot: OpenSnapshot, form: str) -> Path:
    """Return a path in the folder of files that are made for one answer."""
    snapshot.limits.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return snapshot.limits.folder / f"{secrets.token_hex(16)}.{form}"
