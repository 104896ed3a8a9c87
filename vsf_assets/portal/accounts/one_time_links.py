"""One-time links: making one, finding it by its secret, and using it once.

Here: the first administrator, invitations and new passwords; only the digest of a link's secret is stored. Not here:
the page that the link opens (join_views.py).
"""

import hashlib
import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from vsf_assets.config.portal_settings import CLOSED
from vsf_assets.portal.accounts.account_changes import (
    create_account,
    platform_team,
    set_password,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.models import Membership, OneTimeLink, Team, User
from vsf_assets.portal.accounts.rights import ADMIN
from vsf_assets.portal.audit.models import record

LIFETIMES = {
    OneTimeLink.FIRST_ADMIN: timedelta(hours=1),
    OneTimeLink.INVITATION: timedelta(days=7),
    OneTimeLink.RESET: timedelta(days=1),
}


class UsedLinkError(Exception):
    """The link was used, or has run out, since its page was opened."""


def digest(secret: str) -> str:
    """Return what is stored of a secret of 256 bits: no salt is needed, as nobody can try them all."""
    return hashlib.sha256(secret.encode()).hexdigest()


def has_admin() -> bool:
    """Whether an active account may administer the portal."""
    return Membership.objects.filter(team=platform_team(), role=ADMIN, user__is_active=True).exists()


@transaction.atomic
def first_admin_link() -> str | None:
    """Return the secret of a new link for the first administrator, which ends earlier ones; None if there is one."""
    if has_admin():
        return None
    OneTimeLink.objects.filter(kind=OneTimeLink.FIRST_ADMIN, used_at=None).delete()
    return _make(OneTimeLink.FIRST_ADMIN, team=platform_team(), role=ADMIN, may_see_personal=True)


@transaction.atomic
def invite(team: Team, role: str, may_see_personal: bool, actor: User) -> str:
    """Return the secret of a new invitation to a team."""
    return _make(OneTimeLink.INVITATION, team=team, role=role, may_see_personal=may_see_personal, created_by=actor)


@transaction.atomic
def reset_link(user: User, actor: User) -> str:
    """Return the secret of a new link by which an account sets a new password; earlier ones end."""
    OneTimeLink.objects.filter(kind=OneTimeLink.RESET, user=user, used_at=None).delete()
    return _make(OneTimeLink.RESET, user=user, created_by=actor)


def _make(kind: str, **fields: object) -> str:
    secret = secrets.token_urlsafe(32)
    link = OneTimeLink.objects.create(
        kind=kind, sha256=digest(secret), expires_at=timezone.now() + LIFETIMES[kind], **fields
    )
    actor = link.created_by_id
    record(f"link.{kind}", actor, link.id, link.team_id, role=link.role, personal=link.may_see_personal)
    return secret


def find_link(secret: str) -> OneTimeLink | None:
    """Return the link of a secret; None if it never was, was used, or has run out, which look the same."""
    link = OneTimeLink.objects.select_related("user", "team").filter(sha256=digest(secret)).first()
    if link is None or not link.is_valid or (_is_for_first(link) and has_admin()):
        return None
    is_refused = link.kind == OneTimeLink.INVITATION and settings.VSF_PORTAL.signup == CLOSED
    return None if is_refused else link


def _is_for_first(link: OneTimeLink) -> bool:
    return bool(link.kind == OneTimeLink.FIRST_ADMIN)


@transaction.atomic
def use_link(link: OneTimeLink, password: str, name: str = "") -> User:
    """Do what a link is for, and return the account; the link works no more.

    Raises:
        UsedLinkError: somebody else has used it since it was found.
        ValidationError: the name is malformed or in use; the link stays valid.
    """
    now = timezone.now()
    if not OneTimeLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now).update(used_at=now):
        raise UsedLinkError
    if _is_for_first(link) and has_admin():
        raise UsedLinkError
    if link.user is not None:
        set_password(link.user, password, link.user.id)
        return link.user
    user = create_account(name, password)
    _join(user, link)
    return user


def _join(user: User, link: OneTimeLink) -> None:
    by: uuid.UUID | None = link.created_by_id or user.id
    if link.team is not None:
        set_role(user, link.team, link.role, by)
    if link.may_see_personal:
        set_personal(user, may_see=True, actor=by)
