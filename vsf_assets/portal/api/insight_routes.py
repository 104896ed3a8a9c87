"""The addresses of insights in version 1 of the API: the figures of their pages, as JSON or CSV.

Here: what they answer. Not here: the figures (insights/figures.py), and the list (insights/all_insights.py).
"""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from vsf_assets.portal.api.authentication import access_of
from vsf_assets.portal.api.list_answers import answer_of_tag, etag, json_answer
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.insights.all_insights import INSIGHTS, may_read, readable
from vsf_assets.portal.insights.figures import all_figures
from vsf_assets.portal.insights.insight_views import csv_answer
from vsf_assets.portal.insights.wanted_insight import SNAPSHOT, read_wanted, wanted_number
from vsf_assets.snapshots.pool import OpenSnapshot

router = Router(tags=["insights"])

FORM = "format"
"""Parameter that asks for CSV."""


@router.get("", summary="Questions that are answered.", operation_id="insights")
def insights(request: HttpRequest) -> HttpResponse:
    """Return the insights that may be read, with their filters."""
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    items = [
        {
            "name": found.name,
            "title": found.title,
            "question": found.question,
            "filters": [one.name for one in found.filters],
            "choices": {one.name: list(one.options) for one in found.choices},
        }
        for found in readable(snapshot, access_of(request))
    ]
    return json_answer({"items": items, "next": None, "snapshot": snapshot.number})


@router.get("/{name}", summary="The figures of an insight.", operation_id="insight")
def insight(request: HttpRequest, name: str) -> HttpResponse:
    """Return all rows of an insight; its filters and choices are parameters, and `format=csv` asks for CSV.

    `snapshot=41` asks that snapshot, as long as it is kept.
    """
    snapshot: OpenSnapshot = request.snapshot(wanted_number(request.GET))  # type: ignore[attr-defined]
    access = access_of(request)
    found = INSIGHTS.get(name)
    if found is None or not may_read(found, snapshot, access):
        raise Http404
    catalog = catalog_of(snapshot)
    tags = "".join(etag(request, access, snapshot, catalog[table]) for table in sorted(found.tables))
    tag = f'"{hashlib.sha256(tags.encode()).hexdigest()[:32]}"'
    wanted = read_wanted(found, request.GET.dict(), snapshot, access, own=(FORM, SNAPSHOT))

    def answer() -> HttpResponse:
        rows = all_figures(wanted, snapshot, access)
        if request.GET.get(FORM) == "csv":
            return csv_answer(rows, f"{found.name}-{snapshot.number}.csv")
        return json_answer({"items": rows.records(), "next": None, "snapshot": snapshot.number})

    return answer_of_tag(request, tag, answer)
