"""Queries findings of a feed, a partition or a dataset version.

Here: the findings of a report, as SQL on a snapshot. Not here: the detection of anomalies (readers/, dbt) and the
format of report files (finding_writers.py, html_page.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import UsageError
from vsf_assets.feeds import all_feeds, no_such_feed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FETCHED = 10_000
SAMPLES = 10
"""Maximum number of findings per anomaly on a page."""

NOT_DELIVERED = "not delivered"
"""Stands for the day of landing of what was not delivered."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class FindingsQuery:
    """The findings of a report.

    Attributes:
        title: the feed, partition or dataset version, for users.
        columns: column of the report -> its SQL; the keys are the header of a CSV file.
        source: SQL of the `from` clause with its conditions.
        order: SQL of the `order by` clause.
        values: parameters of `source`, in order or by name.
    """

    title: str
    columns: dict[str, str]
    source: str
    order: str
    values: tuple[Any, ...] | Mapping[str, Any]

    def rows(self, connection: "DuckDBPyConnection") -> Iterator[Row]:
        """Yield all findings in order, in bounded memory: they are fetched in batches."""
        sql = f"select {', '.join(self.columns.values())} {self.source} order by {self.order}"
        result = connection.execute(sql, self.values)
        while rows := result.fetchmany(FETCHED):
            yield from rows

    def counts(self, connection: "DuckDBPyConnection") -> list[tuple[str, str, str, int]]:
        """Return (anomaly, severity, day of landing, number of findings), ordered by anomaly and day."""
        sql = f"""
            select anomaly, severity, coalesce(cast(cast(landed_at as date) as varchar), '{NOT_DELIVERED}'), count(*)
            {self.source} group by all order by all
        """
        return connection.execute(sql, self.values).fetchall()

    def samples(self, connection: "DuckDBPyConnection") -> Iterator[Row]:
        """Yield (anomaly, *columns) of the first findings of each anomaly, in order."""
        sql = f"""
            select anomaly, {", ".join(self.columns.values())} {self.source}
            qualify row_number() over (partition by anomaly order by {self.order}) <= {SAMPLES}
            order by anomaly, {self.order}
        """
        yield from connection.execute(sql, self.values).fetchall()


def dataset_findings(dataset: str, version: int, is_complete: bool = True) -> FindingsQuery:
    """Return the findings of a version of a dataset, by file (namespaces, columns, datapoints) and line.

    Args:
        dataset: its name.
        version: number of the version.
        is_complete: whether the version has its three files; if not, the title says so.
    """
    columns = {"file": "file_name", "line": "line_number", "anomaly": "anomaly", "column": "column_name"}
    columns |= {"value": "raw_value", "severity": "severity", "reason": "reason"}
    source = "from reports.dataset_anomalies where dataset = ? and version = ?"
    order = "file_order, line_number nulls first, anomaly, column_name"
    title = f"dataset {dataset}, version {version}{'' if is_complete else ' (incomplete)'}"
    return FindingsQuery(title, columns, source, order, (dataset, version))


def feed_findings(connection: "DuckDBPyConnection", feed: str, partition: str | None) -> FindingsQuery:
    """Return the findings of a feed, or of one of its partitions, by partition, file and line.

    Raises:
        UsageError: there is no such feed, or the partition has neither files nor findings.
    """
    if feed not in all_feeds():
        raise UsageError(no_such_feed(feed))
    if partition is not None:
        known = "select 1 from reports.{} where feed = ? and partition_key = ? limit 1"
        tables = ("files", "anomalies")
        if not any(connection.execute(known.format(table), [feed, partition]).fetchall() for table in tables):
            raise UsageError(f"nothing was delivered for {feed} {partition}; see: vsf status")
    columns = {"partition": "partition_key", "file": "file_name", "line": "line_number", "anomaly": "anomaly"}
    columns |= {"column": "column_name", "value": "raw_value", "severity": "severity", "reason": "reason"}
    source = "from reports.anomalies where feed = ? and (? is null or partition_key = ?)"
    order = "partition_key nulls first, landed_at, file_name, line_number nulls first, anomaly, column_name, reason"
    title = feed if partition is None else f"{feed}, {partition}"
    return FindingsQuery(title, columns, source, order, (feed, partition, partition))
