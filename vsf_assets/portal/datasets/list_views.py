"""The page Dictionaries: the list of datasets, the form that delivers one, and the page of an upload.

Here: what these pages are made of. Not here: the pages of one dataset (dictionary_views.py).
"""

import json
import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from vsf_assets.portal.datasets.arrivals import find_arrival, readable_version
from vsf_assets.portal.datasets.change_requests import pending_changes
from vsf_assets.portal.datasets.file_kinds import FEED, aliases, members
from vsf_assets.portal.datasets.found_dataset import snapshot_if_any
from vsf_assets.portal.datasets.ownership import dataset_access
from vsf_assets.portal.datasets.uploading import send_dataset
from vsf_assets.portal.datasets.versions import list_datasets
from vsf_assets.portal.deliveries.begin import UploadRefusedError
from vsf_assets.portal.shared.equivalents import command, curl, options
from vsf_assets.portal.shared.error_pages import explained

PLAIN_MAX = 1_000_000
"""Bytes that the plain form and one request of the API bring along; a request has at most 1 MiB."""

_LONGEST = 1000


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def dictionaries(request: HttpRequest) -> HttpResponse:
    """Show the datasets, or deliver one by the plain form."""
    if request.method == "POST":
        return _deliver(request)
    return _list_page(request, request.GET.get("name", ""))


def _list_page(request: HttpRequest, name: str, error: str = "", status: int = 200) -> HttpResponse:
    snapshot = snapshot_if_any(request)
    rights = request.user.account_rights
    access = dataset_access(rights, snapshot)
    search, after = request.GET.get("_search", "")[:_LONGEST], request.GET.get("after", "")[:_LONGEST]
    found, following = list_datasets(snapshot, access, search, after) if snapshot else ([], "")
    requested = [(key, value) for key, value in (("search", search), ("after", after)) if value]
    changes = {change.dataset: change for change in pending_changes(snapshot)}
    context = {
        "datasets": [(line, changes.get(line.name)) for line in found],
        "search": search,
        "after": after,
        "next": following,
        "has_snapshot": snapshot is not None,
        "may_read": access.reads_all or access.reads_platform or bool(access.own_names),
        "may_deliver": any(team.may_deliver(FEED) for team in rights.teams),
        "form_name": name,
        "form_error": error,
        "kinds": _kinds(),
        "headers": json.dumps({"members": members(), "aliases": aliases()}),
        "plain_max": PLAIN_MAX,
        "deliver_curl": _deliver_curl(),
        "command": command("query", "from marts.dim_dataset_versions"),
        "curl": curl("datasets", requested),
    }
    return render(request, "datasets/list.html", context, status=status)


def _kinds() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (name of the field, its label, the columns of the file)."""
    labels = {"namespaces": "Namespaces", "columns": "Columns", "datapoints": "Data points"}
    return [(key := name.removesuffix(".csv"), labels.get(key, key), columns) for name, columns in members().items()]


def _deliver_curl() -> str:
    parts = [word for kind in members() for word in ("-F", f"files=@{kind}")]
    return curl("datasets/NAME/files", (), *parts)


def _deliver(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("name", "")[:_LONGEST]
    given = [file for field in request.FILES for file in request.FILES.getlist(field)]
    try:
        if sum(file.size or 0 for file in given) > PLAIN_MAX:
            raise UploadRefusedError(
                413,
                f"without JavaScript the three files may have {PLAIN_MAX:,} bytes together; deliver larger ones with"
                " JavaScript, by the API, or by `vsf land`",
            )
        files = [(file.name or "", file.read()) for file in given]
        group = send_dataset(request.user, request.user.account_rights, snapshot_if_any(request), name, files)
    except UploadRefusedError as error:
        if error.status == 403:
            raise PermissionDenied from error
        return _list_page(request, name, error.detail, error.status)
    return redirect("dictionary_arrival", name.strip(), group)


@require_safe
@login_required
@explained
def arrival(request: HttpRequest, name: str, group: uuid.UUID) -> HttpResponse:
    """Show what became of an upload; the download of its findings begins when it is loaded."""
    snapshot = snapshot_if_any(request)
    found = find_arrival(request.user.account_rights, group, snapshot)
    if found is None or found.name != name:
        raise Http404
    access = dataset_access(request.user.account_rights, snapshot)
    version = readable_version(found, access)
    dataset = version.dataset if version else name
    of_version: dict[str, Any] = {"name": dataset, "version": version.number} if version else {}
    parameters = [("version", str(version.number))] if version else []
    context = {
        "arrival": found,
        "version": version,
        "report": reverse("dictionary_report", kwargs=of_version) if version else "",
        "state_address": reverse("dictionary_arrival_state", args=[name, group]),
        "command": command("report", "anomalies", "--dataset", dataset, *options(parameters)),
        "curl": curl(f"datasets/{dataset}/anomalies.csv", parameters),
    }
    return render(request, "datasets/arrival.html", context)


@require_safe
@login_required
def arrival_state(request: HttpRequest, name: str, group: uuid.UUID) -> HttpResponse:
    """Return the state of an upload, for its page."""
    found = find_arrival(request.user.account_rights, group, snapshot_if_any(request))
    if found is None or found.name != name:
        raise Http404
    return JsonResponse({"state": found.state, "why": found.why})
