"""Pages of teams for their administrators: people, invitations, roles, passwords and grants.

Here: the forms and views. A team that the account does not administer looks like one that never was. Not here: the
changes themselves (account_changes.py, one_time_links.py).
"""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vsf_assets.config.portal_settings import CLOSED
from vsf_assets.feeds import all_feeds
from vsf_assets.portal.accounts.account_changes import (
    refuse_last_admin,
    remove_member,
    set_grant,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.adapter import ask_password_again
from vsf_assets.portal.accounts.models import Membership, OneTimeLink, Team
from vsf_assets.portal.accounts.one_time_links import end_link, invite, reset_link
from vsf_assets.portal.accounts.rights import ADMIN, MANAGE, ROLES, AccountRights

REMOVE = "remove"
"""In place of a role, in the form of a member."""

_ROLES = [(role, role) for role in ROLES]


class InviteForm(forms.Form):
    """The role of somebody who is invited."""

    role = forms.ChoiceField(choices=_ROLES)
    personal = forms.BooleanField(required=False, label="may see personal data")


class MemberForm(forms.Form):
    """A new role, or the end of a membership."""

    role = forms.ChoiceField(choices=[*_ROLES, (REMOVE, "remove from the team")])
    personal = forms.BooleanField(required=False)


class GrantForm(forms.Form):
    """What a team may do with a feed."""

    feed = forms.ChoiceField(choices=[])
    may_read = forms.BooleanField(required=False, label="read")
    may_deliver = forms.BooleanField(required=False, label="deliver")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["feed"].choices = [(name, name) for name in sorted(all_feeds())]


@require_safe
@login_required
def teams(request: HttpRequest) -> HttpResponse:
    """Show the teams that the account administers."""
    found = _administered(request.user.account_rights)
    if not found:
        raise PermissionDenied
    return render(request, "accounts/teams.html", {"teams": found})


@require_safe
@login_required
def team(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show people, open invitations and grants of a team."""
    return _page(request, _team(request, team_id))


@never_cache
@require_POST
@login_required
def invite_member(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Make an invitation, and show its link once."""
    found = _team(request, team_id)
    if settings.VSF_PORTAL.signup == CLOSED:
        raise PermissionDenied
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, invite_form=form)
    wants_personal = form.cleaned_data["personal"] and _may_give_personal(request)
    if form.cleaned_data["role"] == ADMIN or wants_personal:
        ask_password_again(request)
    secret = invite(found, form.cleaned_data["role"], wants_personal, request.user)
    return _page(request, found, link=_address(secret), link_for="the person you invite; it works once, for 7 days")


@require_POST
@login_required
def end_invitation(request: HttpRequest, team_id: uuid.UUID, link_id: uuid.UUID) -> HttpResponse:
    """End an open invitation."""
    found = _team(request, team_id)
    link = _open_invitations(found).filter(pk=link_id).first()
    if link is None:
        raise Http404
    end_link(link, request.user)
    messages.success(request, "The invitation works no more.")
    return redirect("team", team_id=found.id)


@require_POST
@login_required
def member(request: HttpRequest, team_id: uuid.UUID, member_id: uuid.UUID) -> HttpResponse:
    """Change a role or a permission, or take an account out of the team."""
    found = _team(request, team_id)
    changed = _member(found, member_id)
    form = MemberForm(request.POST)
    try:
        if form.is_valid() and form.cleaned_data["role"] != REMOVE:
            if form.cleaned_data["role"] != ADMIN and changed.role == ADMIN:
                refuse_last_admin(changed)
            gives_personal = form.cleaned_data["personal"] and _may_give_personal(request)
            if (form.cleaned_data["role"] == ADMIN != changed.role) or gives_personal > changed.user.may_see_personal:
                ask_password_again(request)
            set_role(changed.user, found, form.cleaned_data["role"], request.user.id)
            if _may_give_personal(request):
                set_personal(changed.user, form.cleaned_data["personal"], request.user.id)
            messages.success(request, f"{changed.user} is {form.cleaned_data['role']} of {found} now.")
        elif form.is_valid():
            remove_member(changed, request.user.id)
            messages.success(request, f"{changed.user} is no member of {found} any more.")
        else:
            messages.error(request, "There is no such role.")
    except ValidationError as error:
        messages.error(request, f"Nothing was changed: {error.message}.")
    return redirect("team", team_id=found.id)


@never_cache
@require_POST
@login_required
def password_link(request: HttpRequest, team_id: uuid.UUID, member_id: uuid.UUID) -> HttpResponse:
    """Make a link by which a member sets a new password, and show it once; only the platform's team may."""
    found = _team(request, team_id)
    changed = _member(found, member_id)
    if not request.user.account_rights.may_on_platform(MANAGE):
        raise PermissionDenied
    ask_password_again(request)
    secret = reset_link(changed.user, request.user)
    return _page(request, found, link=_address(secret), link_for=f"{changed.user}; it works once, for a day")


@require_POST
@login_required
def grant(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Let a team read a feed or deliver to it; only administrators of the platform may."""
    found = _team(request, team_id)
    if not request.user.account_rights.may_on_platform(MANAGE):
        raise PermissionDenied
    form = GrantForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        set_grant(found, given["feed"], request.user.id, given["may_read"], given["may_deliver"])
        messages.success(request, f"The grants of {found} were changed.")
    else:
        messages.error(request, "There is no such feed.")
    return redirect("team", team_id=found.id)


def _administered(account_rights: AccountRights) -> list[Team]:
    """Return the teams that an account administers: all of them as an administrator of the platform."""
    if account_rights.may_on_platform(MANAGE):
        return list(Team.objects.all())
    ids = [found.team for found in account_rights.teams if MANAGE in found.rights]
    return list(Team.objects.filter(pk__in=ids))


def _team(request: HttpRequest, team_id: uuid.UUID) -> Team:
    found = next((team for team in _administered(request.user.account_rights) if team.id == team_id), None)
    if found is None:
        raise Http404
    return found


def _member(team: Team, member_id: uuid.UUID) -> Membership:
    found = Membership.objects.select_related("user", "team").filter(pk=member_id, team=team).first()
    if found is None:
        raise Http404
    return found


def _open_invitations(team: Team) -> "QuerySet[OneTimeLink]":
    unused = team.links.filter(kind=OneTimeLink.INVITATION, used_at=None, expires_at__gt=timezone.now())
    return unused.select_related("created_by")


def _may_give_personal(request: HttpRequest) -> bool:
    """Whether the account may give the permission: administrators of the platform who have it."""
    account_rights = request.user.account_rights
    return bool(account_rights.may_on_platform(MANAGE) and account_rights.may_see_personal)


def _address(secret: str) -> str:
    return f"{settings.VSF_PORTAL.shown_url}/join/{secret}/"


def _page(request: HttpRequest, team: Team, **more: Any) -> HttpResponse:
    account_rights = request.user.account_rights
    context = {
        "team": team,
        "memberships": team.memberships.select_related("user"),
        "links": _open_invitations(team),
        "grants": team.grants.all(),
        "roles": ROLES,
        "invite_form": InviteForm(),
        "grant_form": GrantForm(),
        "may_invite": settings.VSF_PORTAL.signup != CLOSED,
        "is_platform_admin": account_rights.may_on_platform(MANAGE),
        "may_give_personal": _may_give_personal(request),
        **more,
    }
    return render(request, "accounts/team.html", context)
