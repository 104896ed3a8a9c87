"""The page of a schema that landed by another way than the portal, its downloads, and copying it into the portal.

Here: these pages, which members of the team platform see. Not here: what they show (landed_elsewhere.py).
"""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from vsf_assets.portal.accounts.rights import CAMPAIGNS, PLATFORM, READ
from vsf_assets.portal.made import saving
from vsf_assets.portal.made.file_requests import CONTENT_TYPES
from vsf_assets.portal.made.found_schema import snapshot_if_any
from vsf_assets.portal.made.landed_elsewhere import LandedSchema, landed_requests, landed_schema
from vsf_assets.portal.made.schema_text import as_yaml
from vsf_assets.portal.shared.equivalents import command, curl
from vsf_assets.portal.shared.error_pages import error_page, explained
from vsf_assets.portal.shared.sent_files import send_file


@require_safe
@login_required
@explained
def landed(request: HttpRequest, name: str) -> HttpResponse:
    """Show a schema and its files."""
    found, snapshot = _found(request, name), snapshot_if_any(request)
    context = {
        "schema": found,
        "text": as_yaml(found.content),
        "files": landed_requests(snapshot, name) if snapshot else [],
        "may_copy": request.user.account_rights.may_on_platform(CAMPAIGNS),
        "command": command("query", f"from reports.fake_requests where schema_name = '{name}'"),
        "curl": curl("tables/reports/fake_requests", [("schema_name", name)]),
    }
    return render(request, "made/landed.html", context)


@require_safe
@login_required
@explained
def landed_file(request: HttpRequest, name: str, request_id: int) -> HttpResponseBase:
    """Send a file that is ready, from the path that the snapshot has."""
    _found(request, name)
    snapshot = snapshot_if_any(request)
    requests = landed_requests(snapshot, name) if snapshot else []
    found = next((each for each in requests if each.request_id == request_id), None)
    if found is None:
        raise Http404
    path = found.path
    if path is None:
        return error_page(request, 409, "The file is not there", "Its page says what became of it.")
    response = send_file(request, path, found.file_name, CONTENT_TYPES[found.format])
    response["ETag"] = f'"{found.sha256}"'
    return response


@require_POST
@login_required
@explained
def copy(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a schema of the team platform with the content of one that landed."""
    found = _found(request, name)
    team = next((t for t in request.user.account_rights.teams if t.name == PLATFORM and CAMPAIGNS in t.rights), None)
    if team is None:
        raise PermissionDenied
    content = {**found.content, "name": saving.free_name(team.team, found.name)}
    return redirect("made_edit", saving.new_schema(team.team, request.user.id, content).id)


def _found(request: HttpRequest, name: str) -> LandedSchema:
    """Return a schema that a member of the platform may see; raises Http404."""
    is_member = request.user.account_rights.may_on_platform(READ)
    found = landed_schema(snapshot_if_any(request), name) if is_member else None
    if found is None:
        raise Http404
    return found
