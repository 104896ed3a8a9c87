"""The page of a team's notices for its administrators: kinds and ways, the webhook, and the last messages.

Here: forms and views. Not here: the changes themselves (choices.py).
"""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vsf_assets.portal.accounts.adapter import ask_password_again
from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.accounts.rights import MANAGE
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.notices.choices import Ways, remove_webhook, set_choices, set_webhook, ways_of
from vsf_assets.portal.notices.guarded_addresses import RefusedAddressError, checked_target
from vsf_assets.portal.notices.kinds import KINDS, MASKED, RESOLVED
from vsf_assets.portal.notices.lease import database_now
from vsf_assets.portal.notices.models import OutboxMessage, TeamWebhook
from vsf_assets.portal.notices.outbox import GIVE_UP
from vsf_assets.portal.notices.recipients import Teams, members_with_address

SHOWN = 20
"""Messages that the page shows."""

MOST_TESTS = 5
"""Test messages of a team that may wait at a time."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def team_notices(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show what a team receives by which ways, or change it."""
    team = _team(request, team_id)
    if request.method != "POST":
        return _page(request, team)
    chosen = {
        kind: Ways(kind == RESOLVED or f"{kind}-page" in request.POST, *_messages(request, kind))
        for kind in (*KINDS, RESOLVED)
    }
    set_choices(team, chosen, request.user.id)
    messages.success(request, f"The notices of {team} were changed.")
    return redirect("team_notices", team_id=team.id)


@never_cache
@require_POST
@login_required
def webhook(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Set the address of a team's webhook, and show its secret once."""
    team = _team(request, team_id)
    url = request.POST.get("url", "").strip()
    try:
        checked_target(url, settings.VSF_PORTAL.webhook_networks)
    except RefusedAddressError as error:
        return _page(request, team, url=url, url_error=f"{error}.")
    ask_password_again(request)
    return _page(request, team, new_secret=set_webhook(team, url, request.user.id))


@require_POST
@login_required
def end_webhook(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Remove a team's webhook."""
    team = _team(request, team_id)
    remove_webhook(team, request.user.id)
    messages.success(request, "The webhook was removed; messages that waited for it are dropped.")
    return redirect("team_notices", team_id=team.id)


@require_POST
@login_required
def test_webhook(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Put a test message into the outbox."""
    team = _team(request, team_id)
    if not TeamWebhook.objects.filter(team=team).exists():
        messages.error(request, "There is no webhook yet; set its address first.")
    elif OutboxMessage.objects.filter(team=team, is_test=True, ended_at=None).count() >= MOST_TESTS:
        messages.error(request, f"{MOST_TESTS} test messages wait already.")
    else:
        now = database_now()
        message = OutboxMessage.objects.create(
            way=OutboxMessage.WEBHOOK, team=team, is_test=True, created_at=now, next_try_at=now
        )
        record("notices.test_sent", request.user.id, message.id, team.id)
        messages.success(request, "A test message goes out within seconds; reload this page to see how it ended.")
    return redirect("team_notices", team_id=team.id)


def _messages(request: HttpRequest, kind: str) -> tuple[bool, bool]:
    return f"{kind}-mail" in request.POST, f"{kind}-webhook" in request.POST


def _team(request: HttpRequest, team_id: uuid.UUID) -> Team:
    """Return a team that the account administers; of the platform's administrators, any."""
    rights = request.user.account_rights
    found = Team.objects.filter(pk=team_id).first()
    if found is None or not (rights.may_on_platform(MANAGE) or rights.may(MANAGE, team_id)):
        raise Http404
    return found


def _page(request: HttpRequest, team: Team, **more: Any) -> HttpResponse:
    ways = ways_of([team.id])
    rows = [(kind, *KINDS[kind], ways[team.id, kind]) for kind in KINDS if kind != MASKED or team.is_platform]
    users, hook = members_with_address([team.id]), TeamWebhook.objects.filter(team=team).first()
    context = {
        "team": team,
        "rows": rows,
        "on_page": sum(way.on_page for *_, way in rows),
        "by_mail": sum(way.by_mail for *_, way in rows) if settings.VSF_PORTAL.mail else 0,
        "by_webhook": sum(way.by_webhook for *_, way in rows) if hook else 0,
        "resolved": ways[team.id, RESOLVED],
        "hook": hook,
        "mail_count": len(users),
        "outbox": _last_messages(team, list(users)),
        "reads_any": Teams().reads_any(team.id),
        "give_up_hours": int(GIVE_UP.total_seconds() // 3600),
        **more,
    }
    return render(request, "notices/team.html", context)


def _last_messages(team: Team, users: list[uuid.UUID]) -> list[OutboxMessage]:
    """Return the last messages of the team's webhook, and mails to its members about what the team may know."""
    calls = Q(team=team)
    feeds = [*team.grants.filter(may_read=True).values_list("feed", flat=True), ""]
    about = Q() if team.is_platform else Q(items__event__feed__in=feeds) | Q(items__event__team=team)
    mails = Q(user__in=users) & about & Q(items__event__kind__in=KINDS)
    found = OutboxMessage.objects.filter(calls | mails).distinct().select_related("user")
    return list(found.annotate(events=Count("items", distinct=True)).order_by("-id")[:SHOWN])
