"""The page of what was found.

Here: asking each finder. Not here: finders (finders.py, own_finders.py).
"""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vsf_assets.portal.search import own_finders, question_finder
from vsf_assets.portal.search.finders import Group, registered_finders
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.snapshots.pool import NoSnapshotError, OutdatedSnapshotError, QueryTooLargeError

LONGEST = 200
"""Characters of a search."""

OWN = (own_finders.__name__, question_finder.__name__)
"""The modules whose finders are always there; importing them registers them."""


@require_safe
@login_required
@explained
def search(request: HttpRequest) -> HttpResponse:
    """Show what each finder found for a text."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    groups = [(title, _ask(request, title, text)) for title in registered_finders()] if text else []
    shown = [(title, group) for title, group in groups if group.found or group.note]
    total = sum(len(group.found) for _, group in shown)
    context = {
        "text": text,
        "groups": shown,
        "total": total,
        "is_more": any(group.all_address for _, group in shown),
        "searched": list(registered_finders()),
    }
    return render(request, "search/search.html", context)


def _ask(request: HttpRequest, title: str, text: str) -> Group:
    """Return what a finder found; one that cannot answer leaves the others theirs."""
    try:
        return registered_finders()[title](request, text)
    except QueryTooLargeError:
        return Group(note="Searching took too long; give more of the name.")
    except (NoSnapshotError, OutdatedSnapshotError) as error:
        return Group(note=f"{error}."[0].upper() + f"{error}."[1:])
