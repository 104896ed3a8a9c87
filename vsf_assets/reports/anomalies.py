"""The anomaly report of a version of a dataset.

Here: the rows as CSV that a spreadsheet can open, streamed, so that a long report needs no memory. Not here: which
anomalies there are.
"""

import csv
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from vsf_assets.reports.files import harmless

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATASET_COLUMNS = ("file", "line", "anomaly", "column", "value", "severity")
FETCHED = 10_000


def write_dataset_anomalies(connection: "DuckDBPyConnection", dataset: str, version: int, file: TextIO) -> Counter[str]:
    """Write the findings of a version, by file (namespaces, columns, datapoints) and line; return counts per kind."""
    found = connection.execute(
        "select file_name, line_number, anomaly, column_name, raw_value, severity from reports.dataset_anomalies"
        " where dataset = ? and version = ?"
        " order by file_order, line_number nulls first, anomaly, column_name",
        [dataset, version],
    )
    writer, kinds = csv.writer(file, lineterminator="\n"), Counter[str]()
    writer.writerow(DATASET_COLUMNS)
    while rows := found.fetchmany(FETCHED):
        writer.writerows([harmless(cell) for cell in row] for row in rows)
        kinds.update(row[2] for row in rows)
    return kinds
