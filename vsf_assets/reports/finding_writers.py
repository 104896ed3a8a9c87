"""Writes findings as CSV, JSON and HTML.

Here: writing a report file, row by row. Not here: the query of the findings (finding_queries.py) and the layout of the
page (html_page.py).
"""

import csv
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from vsf_assets.reports.finding_queries import FindingsQuery
from vsf_assets.reports.html_page import write_page
from vsf_assets.reports.output_files import harmless

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Writer = Callable[["DuckDBPyConnection", FindingsQuery, TextIO], Any]


def write_csv(connection: "DuckDBPyConnection", findings: FindingsQuery, file: TextIO) -> None:
    """Write one line per finding below a header; no cell is a formula in a spreadsheet."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(findings.columns)
    writer.writerows([harmless(cell) for cell in row] for row in findings.rows(connection))


def write_json(connection: "DuckDBPyConnection", findings: FindingsQuery, file: TextIO) -> None:
    """Write a list with an object per finding; values are as they were delivered."""
    before = "[\n"
    for row in findings.rows(connection):
        file.write(before + json.dumps(dict(zip(findings.columns, row, strict=True)), ensure_ascii=False))
        before = ",\n"
    file.write("[]\n" if before == "[\n" else "\n]\n")


WRITERS: dict[str, Writer] = {"csv": write_csv, "json": write_json, "html": write_page}
"""Format, which is also the ending of a file's name -> its writer."""
