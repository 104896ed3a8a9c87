"""The pages of deliveries: the list, and a new delivery.

Here: forms and views. Sending happens in the page by JavaScript and the API (static/portal/deliver.js); without it, a
form carries small files. Not here: the receipt of a delivery.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vsf_assets.common.ulids import uuid_of
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.delivery_path import deliverable_feeds
from vsf_assets.portal.accounts.rights import DELIVER, READ, AccountRights
from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, UploadRefusedError
from vsf_assets.portal.deliveries.delivery_list import STATES, list_deliveries
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.outcomes import Outcome, outcomes_of
from vsf_assets.portal.deliveries.small_files import deliver_small
from vsf_assets.portal.deliveries.take_up import cancel
from vsf_assets.portal.deliveries.visible import find_delivery, may_change
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.snapshots.pool import NoSnapshotError

PAGE = 50


class DeliverForm(forms.Form):
    """What a person says of files beside their names."""

    feed = forms.ChoiceField(choices=[], required=False)
    partition = forms.CharField(max_length=400, required=False, label="Day, quarter or name")
    team = forms.ChoiceField(choices=[], required=False, label="For the team")

    def __init__(self, *arguments: Any, rights: AccountRights, **named: Any) -> None:
        super().__init__(*arguments, **named)
        feeds = may_deliver_feeds(rights)
        self.fields["feed"].choices = [("", "the name tells it"), *((feed, feed) for feed in feeds)]
        teams = [found for found in rights.teams if any(found.may_deliver(feed) for feed in feeds)]
        self.fields["team"].choices = [(str(found.team), found.name) for found in teams]
        if len(teams) < 2:
            del self.fields["team"]


def may_deliver_feeds(rights: AccountRights) -> list[str]:
    """Return the feeds of which an account may deliver files, in their order."""
    return [feed for feed in deliverable_feeds() if any(team.may_deliver(feed) for team in rights.teams)]


@require_safe
@login_required
@explained
def delivery_list(request: HttpRequest) -> HttpResponse:
    """Show deliveries, the latest first."""
    rights = request.user.account_rights
    if not (rights.may(READ) or rights.may(DELIVER)):
        raise PermissionDenied
    state, feed = request.GET.get("state", ""), request.GET.get("feed", "")
    page = list_deliveries(rights, state, feed, request.GET.get("after", ""), PAGE)
    unfinished = [each for each in page.deliveries if each.state == Delivery.SENDING]
    context = {
        "page": page,
        "state": state,
        "feed": feed,
        "states": STATES,
        "feeds": deliverable_feeds(),
        "may_deliver": bool(may_deliver_feeds(rights)),
        "outcomes": _outcomes(request, page.deliveries),
        "cancelable": {each.id for each in unfinished if may_change(rights, each)},
        "address": settings.VSF_PORTAL.shown_url,
        "is_filtered": bool(state or feed),
    }
    return render(request, "deliveries/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def new_delivery(request: HttpRequest) -> HttpResponse:
    """Show the page that sends files, or take the small files of its form."""
    rights = request.user.account_rights
    feeds = may_deliver_feeds(rights)
    if not feeds:
        raise PermissionDenied
    mends = _mended(request, rights)
    form = DeliverForm(request.POST if request.method == "POST" else request.GET or None, rights=rights)
    results: list[tuple[str, Delivery | None, str]] = []
    if request.method == "POST" and form.is_valid():
        results = [_deliver(request, form.cleaned_data, file, mends) for file in request.FILES.getlist("files")]
        if not results:
            form.add_error(None, "Choose the files to deliver.")
    context = {
        "form": form,
        "mends": mends,
        "results": results,
        "feeds": {name: _about(name) for name in feeds},
        "small": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        "largest": settings.VSF_PORTAL.upload_max,
        "address": settings.VSF_PORTAL.shown_url,
    }
    return render(request, "deliveries/new.html", context)


@require_POST
@login_required
def delivery_cancel(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Give an unfinished upload up."""
    delivery = find_delivery(request.user.account_rights, delivery_id)
    if delivery is None or not may_change(request.user.account_rights, delivery):
        raise Http404
    if cancel(delivery, request.user.id):
        messages.success(request, f"The upload of {delivery.file_name} was canceled, and nothing of it is kept.")
    else:
        messages.error(request, f"The upload of {delivery.file_name} had ended already.")
    return redirect("delivery_list")


def _outcomes(request: HttpRequest, deliveries: Sequence[Delivery]) -> dict[uuid.UUID, Outcome]:
    try:
        return outcomes_of(request.snapshot(), deliveries)  # type: ignore[attr-defined]
    except NoSnapshotError:
        return {}


def _mended(request: HttpRequest, rights: AccountRights) -> Delivery | None:
    """Return the delivery whose bad rows are brought mended; None if the address names none."""
    text = request.GET.get("mends", "") or request.POST.get("mends", "")
    if not text:
        return None
    try:
        found = find_delivery(rights, uuid_of(text))
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _deliver(
    request: HttpRequest, given: dict[str, str], file: Any, mends: Delivery | None
) -> tuple[str, Delivery | None, str]:
    """Deliver a file of the form; return its name, its delivery, and why there is none."""
    team = uuid.UUID(given["team"]) if given.get("team") else None
    sender = Sender(request.user, request.user.account_rights, team)
    content = file.read()
    announced = AnnouncedFile(file.name, len(content), given["feed"], given["partition"], mends=mends)
    try:
        return file.name, deliver_small(sender, announced, content), ""
    except UploadRefusedError as error:
        return file.name, None, error.detail


def _about(name: str) -> dict[str, Any]:
    """Return what the page needs to know of a feed."""
    feed = all_feeds()[name]
    partitioning = feed.partitioning
    return {
        "noun": partitioning.noun if partitioning.has_keys else "",
        "keys": list(partitioning.keys),
        "example": partitioning.example,
        "file": feed.examples[0].rpartition("/")[2],
        "about": feed.description,
    }
