"""Pages of the objects of sources, and of the types of records that are not loaded.

Here: what a request asks for, and the context of its page. Not here: entries (catalog_views.py), the queries
(objects.py, skipped.py), and an object as a delivery (receipts/).
"""

from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vsf_assets.feeds.by_family.catalog import OBJECTS, file_name
from vsf_assets.portal.catalog.catalog_views import LONGEST, opened
from vsf_assets.portal.catalog.kinds import record_types
from vsf_assets.portal.catalog.objects import (
    MOST_CHANGES,
    MOST_STATES,
    STATES,
    ObjectState,
    changes_of,
    count_objects,
    find_object,
    list_objects,
    states_of,
)
from vsf_assets.portal.catalog.skipped import MOST, objects_with, skipped_types
from vsf_assets.portal.shared.equivalents import command, curl
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import WrongParameterError

NAME_MAX = 1000


@require_safe
@login_required
@explained
def objects(request: HttpRequest) -> HttpResponse:
    """Show a page of the objects of all sources; of one state if the address says so."""
    snapshot, access, _ = opened(request)
    search = request.GET.get("_search", "").strip()[:LONGEST]
    state, profile = request.GET.get("state", ""), request.GET.get("profile", "")[:LONGEST]
    if state and state not in STATES:
        raise WrongParameterError(f"state is one of {', '.join(STATES)}")
    after = request.GET.get("_after", "")
    found, following = list_objects(snapshot, access, search=search, state=state, profile=profile, after=after)
    counts: dict[str, int] = {}
    for states in count_objects(snapshot, access).values():
        for name, count in states.items():
            counts[name] = counts.get(name, 0) + count
    kept = [(name, value) for name, value in (("_search", search), ("state", state), ("profile", profile)) if value]
    anomaly = "where feed = 'catalog' and anomaly = 'vanished'"
    context = {
        "tab": "objects",
        "objects": found,
        "search": search,
        "state": state,
        "profile": profile,
        "states": [(name, words, counts.get(name, 0)) for name, words in STATES.items()],
        "words": STATES,
        "total": sum(counts.values()),
        "next": f"?{urlencode([*kept, ('_after', following)])}" if following else "",
        "first": f"?{urlencode(kept)}",
        "is_first": not after,
        "command": command("query", f"from reports.anomalies {anomaly}")
        if state == "vanished"
        else command("query", f"from reports.files where feed = '{OBJECTS}' order by file_name, landed_at"),
        "curl": curl("catalog/objects", [(name.removeprefix("_"), value) for name, value in kept]),
    }
    return render(request, "catalog/objects.html", context)


@require_safe
@login_required
@explained
def catalog_object(request: HttpRequest) -> HttpResponse:
    """Show one object: its states, and what one of them changed."""
    snapshot, access, kinds = opened(request)
    profile, name = request.GET.get("profile", "")[:NAME_MAX], request.GET.get("name", "")[:NAME_MAX]
    found = find_object(snapshot, access, profile, name)
    if found is None:
        raise Http404
    states = states_of(snapshot, access, found, kinds)
    shown = _chosen(states, request.GET.get("at", ""))
    address = urlencode({"profile": profile, "name": name})
    in_sql = file_name(name).replace("'", "''")
    context = {
        "tab": "objects",
        "object": found,
        "words": STATES[found.state],
        "states": [(state, _receipt(state), f"?{address}&{urlencode({'at': state.landed_at})}") for state in states],
        "is_cut": len(states) == MOST_STATES,
        "shown": shown,
        "changes": changes_of(snapshot, access, found, shown.landed_at, kinds) if shown else [],
        "most_changes": MOST_CHANGES,
        "tables": [
            (kind, f"/data/marts/{kind.versions.name}/?{urlencode(_of_state(profile, name, shown))}", sum(counts))
            for kind in kinds.values()
            if shown and (counts := shown.changed.get(kind.name))
        ],
        "command": command(
            "query", f"from reports.files where feed = '{OBJECTS}' and file_name = '{in_sql}' order by landed_at desc"
        ),
        "curl": curl("catalog/object", [("profile", profile), ("name", name)]),
    }
    return render(request, "catalog/object.html", context)


def _of_state(profile: str, name: str, shown: ObjectState) -> dict[str, str]:
    return {"profile": profile, "object_name": name, "valid_from": str(shown.landed_at)}


def _receipt(state: ObjectState) -> str:
    """Return the address of the page of a state as a delivery."""
    named = {"feed": OBJECTS, "file_name": state.file_name, "sha256": state.sha256}
    return f"/deliveries/files/?{urlencode({**named, 'landed_at': state.landed_at.isoformat()})}"


def _chosen(states: list[ObjectState], at: str) -> ObjectState | None:
    """Return the state of a time, the newest one without a time; None if there is none at all."""
    if not at:
        return next(iter(states), None)
    try:
        wanted = datetime.fromisoformat(at)
    except ValueError:
        raise WrongParameterError("at is no time; follow a link of the page of the object") from None
    found = next((state for state in states if state.landed_at == wanted), None)
    if found is None:
        raise Http404
    return found


@require_safe
@login_required
@explained
def skipped(request: HttpRequest) -> HttpResponse:
    """Show the types that are not loaded, and the objects that hold one of them."""
    snapshot, access, _ = opened(request)
    chosen = request.GET.get("type")
    types = skipped_types(snapshot, access)
    holders = objects_with(snapshot, access, chosen[:NAME_MAX]) if chosen is not None else []
    context = {
        "tab": "skipped",
        "types": types,
        "total": sum(one.records for one in types),
        "chosen": chosen,
        "holders": [
            (profile, name, records, first, urlencode({"profile": profile, "name": name}))
            for profile, name, records, first in holders
        ],
        "most": MOST,
        "is_cut": len(types) == MOST,
        "is_cut_holders": len(holders) == MOST,
        "known": record_types(),
        "command": command("query", "from reports.skipped_types order by record_type, landed_at"),
        "curl": curl("catalog/skipped-types"),
    }
    return render(request, "catalog/skipped.html", context)
