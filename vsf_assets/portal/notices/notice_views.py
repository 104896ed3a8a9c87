"""The pages of notices: the list with what is unread, one notice, and marking as read.

Here: views. Not here: what a team chose (settings_views.py).
"""

import uuid
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.accounts.rights import MANAGE
from vsf_assets.portal.notices.kinds import KINDS
from vsf_assets.portal.notices.models import WatchLease
from vsf_assets.portal.notices.notice_lists import (
    PAGE,
    mark_all_read,
    mark_read,
    notice_of,
    notices_of,
    unread_count,
    unread_ids,
)
from vsf_assets.portal.notices.wording import ShownNotice


@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """Show the notices of the account's teams."""
    rights = request.user.account_rights
    kind = request.GET.get("kind", "")
    found = notices_of(rights)
    if kind in KINDS:
        found = found.filter(kind=kind)
    after = _id(request.GET.get("after", ""))
    rows = list((found.filter(pk__lt=after) if after else found)[: PAGE + 1])
    shown, new = rows[:PAGE], unread_ids(request.user, rows[:PAGE])
    context = {
        "notices": [ShownNotice(event, event.pk in new, rights) for event in shown],
        "after": shown[-1].pk if len(rows) > PAGE else None,
        "kind": kind if kind in KINDS else "",
        "kinds": KINDS,
        "unread": unread_count(request.user),
        "newest": shown[0].found_at if shown and not after else None,
        "watch": WatchLease.objects.filter(id=1).first(),
        "managed": Team.objects.filter(pk__in=[t.team for t in rights.teams if MANAGE in t.rights]),
        "may_read_any": any(team.is_platform or team.feeds for team in rights.teams),
    }
    return render(request, "notices/notices.html", context)


@require_safe
@login_required
def notice(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """Show one notice."""
    rights = request.user.account_rights
    event = notice_of(rights, notice_id)
    if event is None:
        raise Http404
    shown = ShownNotice(event, bool(unread_ids(request.user, [event])), rights)
    return render(request, "notices/notice.html", {"notice": shown})


@require_POST
@login_required
def read(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """Mark one notice as read."""
    event = notice_of(request.user.account_rights, notice_id)
    if event is None:
        raise Http404
    mark_read(request.user, event)
    return redirect("notices")


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark every notice as read that the page showed or that is older."""
    mark_all_read(request.user, _time(request.POST.get("until", "")))
    messages.success(request, "All notices are read.")
    return redirect("notices")


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
