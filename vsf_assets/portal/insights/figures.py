"""The figures of an insight: rows, the chart of them, and CSV.

Here: running the SQL of what an address asks for. Not here: reading the address (wanted_insight.py), and pages.
"""

from datetime import datetime
from typing import Any

from vsf_assets.charts.specs import chart
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.insights.insight import Insight, total
from vsf_assets.portal.insights.wanted_insight import WantedInsight, page_sql
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.reports.output_files import harmless
from vsf_assets.snapshots.pool import OpenSnapshot, Rows

MOST_SHOWN = 2_000
"""Rows of a page, its chart and its table."""

MOST_KEPT = 400
"""Rows of the largest answer that is kept for the next reader."""

MOST_ROWS = 20_000
"""Rows of a file, and of an answer of the API."""


def figures(wanted: WantedInsight, snapshot: OpenSnapshot, access: Access, most: int = MOST_SHOWN) -> tuple[Rows, bool]:
    """Return the rows that an address asks for, at most `most`, and whether there are more.

    Raises:
        QueryTooLargeError, TooManyQueriesError, OutdatedSnapshotError: as `OpenSnapshot.query`.
    """
    sql, values = page_sql(wanted, snapshot, access)
    # Rows come in the order of the SQL: DuckDB keeps the order of a subquery below a limit.
    found = snapshot.kept(f"from ({sql}) limit {most + 1}", values, MOST_KEPT)
    return Rows(found.names, found.types, found.rows[:most]), len(found.rows) > most


def all_figures(wanted: WantedInsight, snapshot: OpenSnapshot, access: Access) -> Rows:
    """Return all rows that an address asks for; raises as `figures`.

    Raises:
        WrongParameterError: there are more than MOST_ROWS.
    """
    rows, is_cut = figures(wanted, snapshot, access, MOST_ROWS)
    if is_cut:
        raise WrongParameterError(f"these are more than {MOST_ROWS:,} rows; filter by more, such as from and to")
    return rows


def heading_of(insight: Insight, rows: Rows, *, is_cut: bool) -> str:
    """Return the sentence that answers the question, which says so where more rows than these would answer it."""
    if not rows.rows:
        return insight.title
    return f"The first {len(rows.rows):,} rows: {insight.headline(rows)}" if is_cut else insight.headline(rows)


def chart_of(insight: Insight, rows: Rows, *, is_cut: bool) -> dict[str, Any] | None:
    """Return the chart of rows with its caption; None without a chart, without rows, or where all would be 0."""
    if not insight.spec or not rows.rows or is_zero(insight, rows):
        return None
    shown = rows.rows[: insight.chart_rows]
    about = f"{insight.question} {heading_of(insight, rows, is_cut=is_cut)}"
    caption = f"{insight.reading} The table below has the figures.".strip()
    if len(shown) < len(rows.rows):
        caption = f"The first {len(shown)} of {len(rows.rows):,} rows. {caption}"
    return {"spec": chart(insight.spec, rows.names, shown, about), "caption": caption}


def is_zero(insight: Insight, rows: Rows) -> bool:
    """Whether a chart would have an axis and nothing on it."""
    return bool(insight.measure) and not total(rows, insight.measure)


def csv_text(rows: Rows) -> str:
    """Return rows as CSV with all values in quotes; no text is a formula of a spreadsheet, an empty field is null."""
    lines = [rows.names, *rows.rows]
    return "".join(f"{','.join(map(_field, line))}\n" for line in lines)


def _field(value: Any) -> str:
    """Return a value as DuckDB writes it, in quotes; csv of Python tells null from an empty text from 3.12 on only."""
    if value is None:
        return ""
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(harmless(value))
    return '"' + text.replace('"', '""') + '"'
