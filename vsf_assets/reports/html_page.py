"""Renders findings as one self-contained HTML page.

Here: the page. Every text that comes from outside is escaped, and the page allows neither scripts nor anything from
elsewhere. Not here: which findings there are (finding_queries.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, TextIO

from vsf_assets.common.visible_text import visible
from vsf_assets.reports.finding_queries import SAMPLES, FindingsQuery

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST_CELL = 300
"""Characters of a value that are shown; a reason is shown whole."""

SHORT_CELL = 24
"""Characters that stay on one line, as dates and names of kinds do; longer texts may break anywhere."""

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; margin: 0.5rem 0 2rem; overflow-x: auto; }}
th, td {{ border-bottom: 1px solid #8884; padding: 0.25rem 0.75rem; text-align: left; vertical-align: top; }}
td {{ min-width: 10rem; overflow-wrap: anywhere; white-space: pre-wrap; }}
td.short, td.number {{ min-width: 0; white-space: pre; }}
.number {{ font-variant-numeric: tabular-nums; text-align: right; }}
.error {{ color: #c62828; font-weight: 600; }}
@media (prefers-color-scheme: dark) {{ .error {{ color: #ff8a80; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def write_page(connection: "DuckDBPyConnection", findings: FindingsQuery, file: TextIO) -> None:
    """Write the page."""
    counts = findings.counts(connection)
    file.write(_HEAD.format(title=escape(visible(f"Anomalies of {findings.title}"))))
    if not counts:
        file.write("<p>Nothing was found wrong.</p>\n</body>\n</html>\n")
        return
    by_severity: dict[str, int] = defaultdict(int)
    for _, severity, _, count in counts:
        by_severity[severity] += count
    told = ", ".join(f"{count:,} {severity}{'s' if count != 1 else ''}" for severity, count in by_severity.items())
    file.write(f"<p>{escape(told)}. An error is not loaded, a warning is loaded and reported.</p>\n")
    file.write("<h2>How many of each kind</h2>\n")
    file.writelines(_table(*_per_kind(counts)))
    file.write("<h2>Per day of landing (UTC)</h2>\n")
    file.writelines(_table(*_per_day(counts)))
    for kind, rows in groupby(findings.samples(connection), key=lambda row: row[0]):
        file.write(f"<h2>{escape(kind)}: the first {SAMPLES} at most</h2>\n")
        file.writelines(_table(list(findings.columns), (row[1:] for row in rows)))
    file.write("</body>\n</html>\n")


def _per_kind(counts: Sequence[tuple[str, str, str, int]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for kind, severity, _, count in counts:
        totals[kind, severity] += count
    return ["anomaly", "severity", "findings"], [(*key, count) for key, count in totals.items()]


def _per_day(counts: Sequence[tuple[str, str, str, int]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return a line per day and a column per kind."""
    kinds = sorted({kind for kind, *_ in counts})
    days: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, _, day, count in counts:
        days[day][kind] += count
    return ["day", *kinds], [(day, *(days[day].get(kind, 0) for kind in kinds)) for day in sorted(days)]


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    yield "<table>\n<tr>" + "".join(f"<th>{escape(name)}</th>" for name in names) + "</tr>\n"
    for row in rows:
        cells = (_cell(value, whole=name == "reason") for name, value in zip(names, row, strict=True))
        yield "<tr>" + "".join(cells) + "</tr>\n"
    yield "</table>\n"


def _cell(value: Any, *, whole: bool) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    text = "" if value is None else str(value)
    shown = visible(text if whole or len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…", keep="\n\t")
    classes = ["short"] * (len(shown) <= SHORT_CELL) + ["error"] * (text == "error")
    mark = f' class="{" ".join(classes)}"' if classes else ""
    return f"<td{mark}>{escape(shown)}</td>"
