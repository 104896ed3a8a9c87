"""Renaming and deleting a dataset.

Here: the two forms. Not here: the changes themselves (change_requests.py).
"""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from vsf_assets.portal.datasets import change_requests
from vsf_assets.portal.datasets.change_requests import ChangeRefusedError
from vsf_assets.portal.datasets.dictionary_views import versions_page
from vsf_assets.portal.datasets.found_dataset import FoundDataset, find_dataset
from vsf_assets.portal.datasets.ownership import NameNotAvailableError, team_for
from vsf_assets.portal.shared.error_pages import explained

_LONGEST = 1000


@require_POST
@login_required
@explained
def rename(request: HttpRequest, name: str) -> HttpResponse:
    """Land the record of a rename."""
    found = changeable(request, name)
    new_name = request.POST.get("new_name", "")[:_LONGEST]
    try:
        change_requests.rename(found.snapshot, name, new_name, team_of(request, found), request.user.id)
    except (ChangeRefusedError, NameNotAvailableError) as error:
        return versions_page(request, found, 400, rename_error=str(error), new_name=new_name)
    messages.success(request, f"{name} becomes {new_name.strip()} with the next run.")
    return redirect("dictionary_versions", name)


@require_POST
@login_required
@explained
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Land the record of a deletion, if its name was typed."""
    found = changeable(request, name)
    if request.POST.get("name", "").strip() != name:
        return versions_page(request, found, 400, delete_error=f"Type {name} to delete it; nothing was deleted.")
    try:
        change_requests.delete(found.snapshot, name, team_of(request, found), request.user.id)
    except (ChangeRefusedError, NameNotAvailableError) as error:
        return versions_page(request, found, 400, delete_error=str(error))
    messages.success(request, f"{name} is deleted with the next run; its originals stay in the archive.")
    return redirect("dictionary_versions", name)


def changeable(request: HttpRequest, name: str) -> FoundDataset:
    """Return a dataset that the account may change.

    Raises:
        Http404: it may not be read.
        PermissionDenied: it may be read, and not changed.
    """
    found = find_dataset(request, request.user.account_rights, name)
    if not found.may_change:
        raise PermissionDenied
    return found


def team_of(request: HttpRequest, found: FoundDataset) -> uuid.UUID:
    """Return the id of the team that a dataset belongs to."""
    team = team_for(request.user.account_rights, found.name, found.snapshot)
    if team is None:
        raise PermissionDenied
    return team.team
