"""Renders findings as one self-contained HTML page.

Here: the tables and cells of the page. Not here: HTML and style (templates/anomalies.html.jinja) and the query of the
findings (finding_queries.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from vsf_assets.charts.inline_charts import inline_json, inline_script, inline_style, script_source
from vsf_assets.charts.specs import chart
from vsf_assets.common.visible_text import visible
from vsf_assets.reports.finding_queries import NOT_DELIVERED, SAMPLES, FindingsQuery

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from jinja2 import Template

LONGEST_CELL = 300
"""Maximum number of displayed characters of a value; a reason is displayed whole."""

SHORT_CELL = 24
"""Maximum number of characters that are not wrapped, as in dates and anomalies; longer texts may wrap anywhere."""


class Cell(NamedTuple):
    """The text of a cell, and its CSS classes, separated by spaces."""

    text: str
    classes: str


@dataclass(frozen=True)
class PageTable:
    """A table of the page; its rows are read once, while the page is written."""

    heading: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write_page(connection: "DuckDBPyConnection", findings: FindingsQuery, file: TextIO) -> None:
    """Write the page as a stream."""
    counts = findings.counts(connection)
    totals: dict[str, int] = defaultdict(int)
    for _, severity, _, count in counts:
        totals[severity] += count
    title = visible(f"Anomalies of {findings.title}")
    tables, drawn = _tables(connection, findings, counts), _chart(title, counts)
    file.writelines(_template().generate(title=title, totals=totals, tables=tables, chart=drawn))


def _chart(title: str, counts: Sequence[tuple[str, str, str, int]]) -> dict[str, str] | None:
    """Return the texts of the chart, which is that of the portal's page; None without a day that is known."""
    rows = [(anomaly, severity, day, count) for anomaly, severity, day, count in counts if day != NOT_DELIVERED]
    if not rows:
        return None
    spec = chart("anomalies", ("anomaly", "severity", "day", "findings"), rows, f"{title}, by kind and day of landing")
    return {
        "json": inline_json(spec),
        "script": inline_script(),
        "style": inline_style(),
        "source": script_source(),
    }


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,  # every text of a finding comes from a sender's file
        undefined=StrictUndefined,  # a misspelt field raises an error instead of an empty text
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("anomalies.html.jinja")


def _tables(
    connection: "DuckDBPyConnection", findings: FindingsQuery, counts: Sequence[tuple[str, str, str, int]]
) -> Iterator[PageTable]:
    yield _per_kind(counts)
    yield _per_day(counts)
    names = list(findings.columns)
    for kind, rows in groupby(findings.samples(connection), key=lambda row: row[0]):
        yield PageTable(f"{kind}: the first {SAMPLES} at most", names, (_row(names, row[1:]) for row in rows))


def _per_kind(counts: Sequence[tuple[str, str, str, int]]) -> PageTable:
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for kind, severity, _, count in counts:
        totals[kind, severity] += count
    names = ["anomaly", "severity", "findings"]
    return PageTable("How many of each kind", names, (_row(names, (*key, count)) for key, count in totals.items()))


def _per_day(counts: Sequence[tuple[str, str, str, int]]) -> PageTable:
    """Return a table with a row per day and a column per anomaly."""
    kinds = sorted({kind for kind, *_ in counts})
    days: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, _, day, count in counts:
        days[day][kind] += count
    names = ["day", *kinds]
    rows = (_row(names, (day, *(days[day].get(kind, 0) for kind in kinds))) for day in sorted(days))
    return PageTable("Per day of landing (UTC)", names, rows)


def _row(names: Sequence[str], values: Sequence[Any]) -> list[Cell]:
    return [_cell(value, whole=name == "reason") for name, value in zip(names, values, strict=True)]


def _cell(value: Any, *, whole: bool) -> Cell:
    if isinstance(value, int):
        return Cell(f"{value:,}", "number")
    text = "" if value is None else str(value)
    shown = visible(text if whole or len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…", keep="\n\t")
    classes = ["short"] * (len(shown) <= SHORT_CELL) + ["error"] * (text == "error")
    return Cell(shown, " ".join(classes))
