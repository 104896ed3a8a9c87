"""The page of a campaign: the banners that are shown in a quarter, by which rule, and why each has its place.

Here: the page, also for `vsf report explain`. Not here: the rules (dbt's fct_campaign_scores), the sentences
(reports/campaign_explanation.py), and the list of all campaigns, which is an insight.
"""

from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from vsf_assets.charts.specs import chart
from vsf_assets.common.errors import UsageError
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.insights.all_insights import INSIGHTS
from vsf_assets.portal.insights.figures import figures, is_zero
from vsf_assets.portal.insights.insight_views import find_insight, insight_page, same_by
from vsf_assets.portal.insights.wanted_insight import SNAPSHOT, WantedInsight, read_wanted
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.reports.campaign_explanation import Explanation, explain_choice
from vsf_assets.snapshots.pool import OpenSnapshot

QUARTERS = (1, 2, 3, 4)
LARGEST = 2**63
"""Ids of campaigns are smaller."""


@require_safe
@login_required
@explained
def scores(request: HttpRequest) -> HttpResponse:
    """Show the campaigns, or lead to the one that the form of the page asks for."""
    if "campaign" not in request.GET:
        return insight_page(request, "campaigns")
    wanted = request.GET["campaign"].strip()
    if not (wanted.isascii() and wanted.isdecimal() and int(wanted[:20]) < LARGEST):
        raise WrongParameterError(f"campaign: {wanted[:60]!r} is no number of a campaign")
    return redirect(reverse("campaign_scores", args=[int(wanted)]))


@require_safe
@login_required
@explained
def campaign_scores(request: HttpRequest, campaign: int) -> HttpResponse:
    """Show the chosen banners of a campaign and quarter, and why they are chosen."""
    found, access = find_insight(request, "scores")
    if campaign >= LARGEST:
        raise Http404
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    quarter = _quarter(request.GET.get("quarter", ""))
    present = _quarters(snapshot, access, campaign)
    if not present:
        raise Http404
    quarter = quarter or present[0]
    wanted = read_wanted(found, {"campaign": str(campaign), "quarter": str(quarter)}, snapshot, access)
    explanation = _explanation(snapshot, campaign, quarter)
    context = {
        "campaign": campaign,
        "requested_snapshot": snapshot.number if request.GET.get(SNAPSHOT) else None,
        "quarter": quarter,
        "quarters": [(number, number in present) for number in QUARTERS],
        "explanation": explanation,
        "chart": _chart(wanted, snapshot, access, campaign, quarter),
        **same_by(wanted, snapshot),
    }
    context["command"] = f"vsf report explain {campaign} {quarter}\n{context['command']}"
    return render(request, "insights/campaign.html", context)


def _quarter(text: str) -> int | None:
    if not text:
        return None
    if text not in {str(number) for number in QUARTERS}:
        raise WrongParameterError("quarter is 1, 2, 3 or 4")
    return int(text)


def _quarters(snapshot: OpenSnapshot, access: Access, campaign: int) -> list[int]:
    """Return the quarters in which a campaign has banners."""
    found, _ = figures(_of_campaign(snapshot, access, campaign), snapshot, access)
    return sorted({row[found.names.index("quarter")] for row in found.rows})


def _of_campaign(snapshot: OpenSnapshot, access: Access, campaign: int) -> WantedInsight:
    return read_wanted(INSIGHTS["scores"], {"campaign": str(campaign)}, snapshot, access)


def _explanation(snapshot: OpenSnapshot, campaign: int, quarter: int) -> Explanation | None:
    with suppress(UsageError), snapshot.cursor() as cursor:  # no banner in this quarter
        return explain_choice(cursor, campaign, quarter)
    return None


def _chart(
    wanted: WantedInsight, snapshot: OpenSnapshot, access: Access, campaign: int, quarter: int
) -> dict[str, Any] | None:
    rows, _ = figures(wanted, snapshot, access)
    if not rows.rows or is_zero(wanted.insight, rows):
        return None
    about = (
        f"Revenue of the {len(rows.rows)} chosen banners of campaign {campaign} in quarter {quarter}, by their rule."
    )
    return {"spec": chart("scores", rows.names, rows.rows, about), "caption": "The table below has the figures."}
