"""Pages of insights: the list, one insight with its chart, table and filters, and its CSV.

Here: the context of the pages. Not here: the figures (figures.py), and the look of a chart (charts/).
"""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from vsf_assets.charts.specs import is_number
from vsf_assets.common.visible_text import visible
from vsf_assets.masking.pseudonyms import PSEUDONYM
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.page_filters import cell
from vsf_assets.portal.insights.all_insights import INSIGHTS, may_read, readable
from vsf_assets.portal.insights.figures import all_figures, chart_of, csv_text, figures, heading_of
from vsf_assets.portal.insights.insight import Insight
from vsf_assets.portal.insights.wanted_insight import (
    SNAPSHOT,
    WantedInsight,
    command_sql,
    read_wanted,
    wanted_number,
    words_of,
)
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.snapshots.pool import OpenSnapshot, Rows


@dataclass(frozen=True)
class FilterField:
    """A field of the form of filters: its name, label, kind, value, and the values to choose from."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...] = ()


@require_safe
@login_required
@explained
def insights(request: HttpRequest) -> HttpResponse:
    """Show the insights that the account may read, by section."""
    found = readable(request.snapshot(), Access(request.user.account_rights))  # type: ignore[attr-defined]
    sections: dict[str, list[Insight]] = {}
    for one in found:
        sections.setdefault(one.section, []).append(one)
    return render(request, "insights/list.html", {"sections": sections, "total": len(found)})


@require_safe
@login_required
@explained
def insight(request: HttpRequest, name: str) -> HttpResponse:
    """Show an insight."""
    return insight_page(request, name)


def insight_page(request: HttpRequest, name: str) -> HttpResponse:
    """Return the page of an insight: the answer as heading, its chart, filters and table.

    Raises:
        Http404: as `find_insight`.
        WrongParameterError: as `read_wanted`.
        MissingSnapshotError: the snapshot that the address asks is not kept.
    """
    found, access = find_insight(request, name)
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    requested = [(SNAPSHOT, snapshot.number)] if request.GET.get(SNAPSHOT) else []
    wanted = read_wanted(found, request.GET.dict(), snapshot, access, own=(SNAPSHOT,))
    rows, is_cut = figures(wanted, snapshot, access)
    context = {
        "insight": found,
        "fields": _fields(wanted, snapshot, access),
        "query": urlencode([*wanted.parameters, *requested]),
        "query_of_current": urlencode(wanted.parameters),
        "requested_snapshot": snapshot.number if requested else None,
        "given": _given(wanted),
        "is_filtered": bool(request.GET.keys() - {SNAPSHOT}),
        **shown_figures(found, rows, is_cut, access),
        **same_by(wanted, snapshot),
    }
    return render(request, "insights/insight.html", context)


@require_safe
@login_required
@explained
def insight_csv(request: HttpRequest, name: str) -> HttpResponse:
    """Send all rows of an insight as CSV."""
    found, access = find_insight(request, name)
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    wanted = read_wanted(found, request.GET.dict(), snapshot, access, own=(SNAPSHOT,))
    return csv_answer(all_figures(wanted, snapshot, access), f"{found.name}-{snapshot.number}.csv")


def csv_answer(rows: Rows, name: str) -> HttpResponse:
    """Return rows as a file."""
    answer = HttpResponse(csv_text(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer


def find_insight(request: HttpRequest, name: str) -> tuple[Insight, Access]:
    """Return an insight that the account may read, and open the snapshot that the address asks.

    Raises:
        WrongParameterError, MissingSnapshotError: the address asks a snapshot that is not there.
        Http404: there is none of this name, or the account may not read its tables.
    """
    access = Access(request.user.account_rights)
    found = INSIGHTS.get(name)
    snapshot = request.snapshot(wanted_number(request.GET))  # type: ignore[attr-defined]
    if found is None or not may_read(found, snapshot, access):
        raise Http404
    return found, access


def shown_figures(found: Insight, rows: Rows, is_cut: bool, access: Access) -> dict[str, Any]:
    """Return the part of a page's context with figures: heading, chart, and table."""
    return {
        "heading": heading_of(found, rows, is_cut=is_cut),
        "chart": chart_of(found, rows, is_cut=is_cut),
        "heads": [(name, is_number(kind)) for name, kind in zip(rows.names, rows.types, strict=True)],
        "lines": [_line(found, rows, row) for row in rows.rows],
        "is_cut": is_cut,
        "meanings": found.columns,
        "has_pseudonyms": not access.may_see_personal
        and any(isinstance(v, str) and v.startswith(PSEUDONYM) for row in rows.rows[:50] for v in row),
    }


def same_by(wanted: WantedInsight, snapshot: OpenSnapshot) -> dict[str, str]:
    """Return the command and the curl line that give the same; what is invisible must not deceive who copies it."""
    name = wanted.insight.name
    query = f"?{urlencode(wanted.parameters)}" if wanted.parameters else ""
    address = f"{settings.VSF_PORTAL.shown_url}/api/v1/insights/{name}{query}"
    return {
        "command": visible(f"vsf query --snapshot {snapshot.number} {shlex.quote(command_sql(wanted))}", keep="\n"),
        "curl": f'curl -H "Authorization: Bearer $VSF_TOKEN" {shlex.quote(address)}',
    }


def _line(found: Insight, rows: Rows, row: tuple[Any, ...]) -> list[tuple[Any, bool, str]]:
    """Return the cells of a row: shown value, whether it stands on the right, and the address that it leads to."""
    cells = []
    for name, kind, value in zip(rows.names, rows.types, row, strict=True):
        shown = f"{value:.2%}" if name in found.shares and value is not None else cell(value, name)
        link = found.link[name].format(quote(str(value), safe="")) if name in found.link and value is not None else ""
        cells.append((shown, is_number(kind), link))
    return cells


def _given(wanted: WantedInsight) -> list[tuple[str, str]]:
    """Return the label and value of each choice, and of each filter that holds: a printed page has no form."""
    choices = [(found.label, wanted.chosen[found.name]) for found in wanted.insight.choices]
    filters = [(found.label, visible(wanted.values[found.name])) for found in wanted.insight.filters]
    return [(label, value) for label, value in (*choices, *filters) if value]


def _fields(wanted: WantedInsight, snapshot: OpenSnapshot, access: Access) -> list[FilterField]:
    fields = [
        FilterField(found.name, found.label, "choice", wanted.chosen[found.name], tuple((o, o) for o in found.options))
        for found in wanted.insight.choices
    ]
    for found in wanted.insight.filters:
        value = wanted.values[found.name]
        options: tuple[tuple[str, str], ...] = ()
        if found.words:
            words = words_of(found, snapshot, access)
            words += [value] if value and value not in words else []
            options = (("", "all"), *((word, visible(word)) for word in words))
        kind = "choice" if options else found.kind
        fields.append(FilterField(found.name, found.label, kind, value, options))
    return fields
