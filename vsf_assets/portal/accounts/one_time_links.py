"""One-time links: making one, finding it by its secret, and using it once.

Here: the first administrator, invitations and new passwords; only the digest of a link's secret is stored. Not here:
the page that the link opens (join_views.py).
"""

import hashlib
import secrets
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from vsf_assets.common.atomic_files import atomic_file
from vsf_assets.config.portal_settings import CLOSED
from vsf_assets.portal.accounts.account_changes import (
    create_account,
    platform_team,
    set_password,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.models import Membership, OneTimeLink, Team, User
from vsf_assets.portal.accounts.rights import ADMIN, MANAGE
from vsf_assets.portal.audit.models import record

LIFETIMES = {
    OneTimeLink.FIRST_ADMIN: timedelta(hours=1),
    OneTimeLink.INVITATION: timedelta(days=7),
    OneTimeLink.RESET: timedelta(days=1),
}

_LOCK_NUMBER = 0x5653_4651
"""Number of the lock in a PostgreSQL database: any number, the same on all hosts."""
FIRST_ADMIN_FILE = "first-admin-link"
"""File in the folder of keys that holds the first administrator's link until it is used; logs never hold it."""


class UsedLinkError(Exception):
    """The link was used, has run out or was ended since its page was opened."""


def digest(secret: str) -> str:
    """Return what is stored of a secret of 256 bits: no salt is needed, as nobody can try them all."""
    return hashlib.sha256(secret.encode()).hexdigest()


def has_admin() -> bool:
    """Whether an active account may administer the portal."""
    return Membership.objects.filter(team=platform_team(), role=ADMIN, user__is_active=True).exists()


def _one_first_admin() -> None:
    """Wait until no other transaction makes or uses a link for the first administrator.

    SQLite writes one transaction at a time anyway; with PostgreSQL two hosts could make a link each.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK_NUMBER])


@transaction.atomic
def first_admin_link() -> str | None:
    """Return the secret of a new link for the first administrator, which ends earlier ones; None if there is one."""
    _one_first_admin()
    if has_admin():
        return None
    OneTimeLink.objects.filter(kind=OneTimeLink.FIRST_ADMIN, used_at=None).delete()
    return _make(OneTimeLink.FIRST_ADMIN, team=platform_team(), role=ADMIN, may_see_personal=True)


def keep_first_admin_link(address: str) -> Path:
    """Write the address of the first administrator's link to a file that its owner alone may read; return the file."""
    file = Path(settings.VSF.keys) / FIRST_ADMIN_FILE
    with atomic_file(file, mode=0o600) as opened:
        opened.write(f"{address}\n".encode())
    return file


def forget_first_admin_link() -> None:
    """Remove the file of the first administrator's link."""
    (Path(settings.VSF.keys) / FIRST_ADMIN_FILE).unlink(missing_ok=True)


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
    given = {"role": link.role, "personal": link.may_see_personal}
    record(f"link.{kind}", actor, link.id, link.team_id, account=_text(link.user_id), **given)
    return secret


@transaction.atomic
def end_link(link: OneTimeLink, actor: User) -> None:
    """Delete a link that was not used."""
    record("link.ended", actor.id, link.id, link.team_id)
    link.delete()


def find_link(secret: str) -> OneTimeLink | None:
    """Return the link of a secret; None if it never was, was used, or may not be used, which look the same."""
    link = OneTimeLink.objects.select_related("user", "team").filter(sha256=digest(secret)).first()
    return link if link is not None and link.is_valid and _is_allowed(link) else None


def _is_allowed(link: OneTimeLink) -> bool:
    """Whether what a link does may still be done: by whoever made it, who may have lost the right since."""
    if link.kind == OneTimeLink.FIRST_ADMIN:
        return not has_admin()
    maker = User.objects.filter(pk=link.created_by_id).first()
    if maker is None:
        return False
    on_platform = maker.account_rights.may_on_platform(MANAGE)
    if link.kind == OneTimeLink.RESET:
        return on_platform
    if settings.VSF_PORTAL.signup == CLOSED or (link.may_see_personal and not (on_platform and maker.may_see_personal)):
        return False
    return bool(on_platform or maker.account_rights.may(MANAGE, link.team_id))


@transaction.atomic
def use_link(link: OneTimeLink, password: str, name: str = "") -> User:
    """Do what a link is for, and return the account; the link works no more.

    Raises:
        UsedLinkError: somebody else has used it since it was found, or it may not be used any more.
        ValidationError: the name is malformed or in use; the link stays valid.
    """
    if link.kind == OneTimeLink.FIRST_ADMIN:
        _one_first_admin()
    now = timezone.now()
    if not OneTimeLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now).update(used_at=now):
        raise UsedLinkError
    if not _is_allowed(link):
        raise UsedLinkError
    if link.user is not None:
        set_password(link.user, password)  # by whoever has the link: its maker or the account
        user = link.user
    else:
        user = create_account(name, password)
        _join(user, link)
    if link.kind == OneTimeLink.FIRST_ADMIN:
        transaction.on_commit(forget_first_admin_link)
    record("link.used", None, link.id, link.team_id, account=_text(user.id), made_by=_text(link.created_by_id))
    return user


def _text(account: uuid.UUID | None) -> str | None:
    return None if account is None else str(account)


def _join(user: User, link: OneTimeLink) -> None:
    by: uuid.UUID | None = link.created_by_id or user.id
    if link.team is not None:
        set_role(user, link.team, link.role, by)
    if link.may_see_personal:
        set_personal(user, may_see=True, actor=by)
