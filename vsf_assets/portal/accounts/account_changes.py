"""Changes of accounts, teams, memberships and grants, each in one transaction with its entry of the audit.

Here: what the command line, the pages and the admin site do. Not here: one-time links (one_time_links.py), tokens
(api_tokens.py), and whether the person who asks may do it (the callers).
"""

import re
import secrets
import uuid

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction

from vsf_assets.portal.accounts.models import Grant, Membership, OneTimeLink, Team, User
from vsf_assets.portal.accounts.rights import ADMIN, PLATFORM
from vsf_assets.portal.audit.models import record

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")

_WORD = "abcdefghjkmnpqrstuvwxyz23456789"
"""Characters of generated passwords: none looks like another."""


OWN_TEAM = "~"
"""Begins the names of teams in which accounts begin, so that nobody takes the name of another team by his own."""


def checked_name(name: str) -> str:
    """Return the name of an account in lower case.

    Raises:
        ValidationError: it has other characters, is too short or too long, or is the platform's.
    """
    lowered = name.strip().lower()
    if not _NAME.fullmatch(lowered):
        raise ValidationError(
            "a name has 2 to 40 letters, digits, dots, dashes or underscores, and begins with a letter or digit"
        )
    if lowered == PLATFORM:
        raise ValidationError(f"{PLATFORM} is the name of the platform's team; choose another name")
    return lowered


def checked_team_name(name: str) -> str:
    """Return the name of a team that is made on purpose.

    Raises:
        ValidationError: it is one of those that the portal itself gives: the platform's, or an account's own team.
    """
    name = name.strip()
    if name.startswith(OWN_TEAM) or name.lower() == PLATFORM:
        raise ValidationError(
            f"{PLATFORM} is the platform's team, and names with {OWN_TEAM} at the beginning belong to teams in which"
            " accounts begin; choose another name"
        )
    return name


def random_password() -> str:
    """Return a password of 24 characters in groups, which has 118 bits of chance."""
    return "-".join("".join(secrets.choice(_WORD) for _ in range(6)) for _ in range(4))


def platform_team() -> Team:
    """Return the team of the platform; create it if it is missing."""
    return Team.objects.get_or_create(name=PLATFORM)[0]


@transaction.atomic
def create_account(
    name: str, password: str, actor: uuid.UUID | None = None, email: str = "", must_change_password: bool = False
) -> User:
    """Create an account with a team of its own.

    Raises:
        ValidationError: the name is malformed or in use.
    """
    name, email = checked_name(name), email.lower()
    if User.objects.filter(username=name).exists():
        raise ValidationError(f"there is an account {name} already; choose another name")
    user = User(username=name, email=email, must_change_password=must_change_password)
    user.set_password(password)
    user.save()
    record("account.created", actor or user.id, user.id)
    keep_address(user)
    give_own_team(user)
    return user


def keep_address(user: User) -> None:
    """Enter the address that an account was given into the list of its addresses, to be confirmed by the account.

    It is not the primary one: that would keep the account from signing in before it is confirmed.
    """
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email.lower(), primary=False, verified=False)


def give_own_team(user: User) -> Team:
    """Create the team in which an account begins, with the account as its administrator."""
    name, number = f"{OWN_TEAM}{user.username}", 1
    while Team.objects.filter(name=name).exists():
        number += 1
        name = f"{OWN_TEAM}{user.username}-{number}"
    team = Team.objects.create(name=name)
    Membership.objects.create(user=user, team=team, role=ADMIN)
    record("team.created", user.id, team.id, team.id)
    return team


@transaction.atomic
def set_role(user: User, team: Team, role: str, actor: uuid.UUID | None = None) -> Membership:
    """Make an account a member of a team, or change its role there."""
    member, is_new = Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
    before = None if is_new else member.role
    if before != role:
        member.role = role
        member.save(update_fields=["role"])
        record("membership.set", actor, user.id, team.id, role=role, before=before)
        if before == ADMIN:
            _end_links(user, team, actor)
        update_staff(user)
    return member


@transaction.atomic
def remove_member(member: Membership, actor: uuid.UUID | None = None) -> None:
    """Take an account out of a team.

    Raises:
        ValidationError: the team would be left without an administrator.
    """
    refuse_last_admin(member)
    record("membership.removed", actor, member.user_id, member.team_id, role=member.role)
    user = member.user
    member.delete()
    _end_links(user, member.team, actor)
    update_staff(user)


def _end_links(maker: User, team: Team, actor: uuid.UUID | None) -> None:
    """End the open links that an administrator made for a team; of the platform's administrator, all of them."""
    of_team = {} if team.is_platform else {"team": team}
    for link in OneTimeLink.objects.filter(created_by=maker, used_at=None, **of_team):
        record("link.ended", actor, link.id, link.team_id)
        link.delete()


def refuse_last_admin(member: Membership) -> None:
    """Refuse to take the last administrator from a team.

    Raises:
        ValidationError: the member is the only administrator of the team.
    """
    others = Membership.objects.filter(team=member.team_id, role=ADMIN, user__is_active=True).exclude(pk=member.pk)
    if member.role == ADMIN and not others.exists():
        raise ValidationError(f"{member.team} needs another administrator first")


def update_staff(user: User) -> None:
    """Let administrators of the platform, and only them, into the admin site."""
    is_admin = Membership.objects.filter(user=user, team__name=PLATFORM, role=ADMIN).exists()
    if (user.is_staff, user.is_superuser) != (is_admin, is_admin):
        user.is_staff = user.is_superuser = is_admin
        user.save(update_fields=["is_staff", "is_superuser"])


@transaction.atomic
def set_personal(user: User, may_see: bool, actor: uuid.UUID | None = None) -> None:
    """Give or take the permission to see personal data."""
    if user.may_see_personal != may_see:
        user.may_see_personal = may_see
        user.save(update_fields=["may_see_personal"])
        record("account.personal", actor, user.id, may_see_personal=may_see)


@transaction.atomic
def set_password(user: User, password: str, actor: uuid.UUID | None = None, must_change: bool = False) -> None:
    """Set a password in place of a lost one, which ends every session and every token of the account."""
    user.set_password(password)
    user.must_change_password = must_change
    user.save(update_fields=["password", "must_change_password"])
    record("account.password_set", actor, user.id, must_change=must_change)
    end_tokens(user, actor)


def end_tokens(user: User, actor: uuid.UUID | None) -> None:
    """End every token of an account."""
    for token in user.api_tokens.all():
        record("token.deleted", actor, token.id, token.team_id)
        token.delete()


@transaction.atomic
def set_grant(
    team: Team, feed: str, actor: uuid.UUID | None = None, may_read: bool = True, may_deliver: bool = False
) -> None:
    """Let a team read a feed or deliver to it; with neither the grant is removed."""
    if may_read or may_deliver:
        values = {"may_read": may_read, "may_deliver": may_deliver}
        Grant.objects.update_or_create(team=team, feed=feed, defaults=values)
    else:
        Grant.objects.filter(team=team, feed=feed).delete()
    record("grant.set", actor, None, team.id, feed=feed, may_read=may_read, may_deliver=may_deliver)


def may_be_deleted(user: User) -> bool:
    """Whether no team with other members, nor the platform, would be left without an administrator."""
    try:
        refuse_needed(user)
    except ValidationError:
        return False
    return True


def refuse_needed(user: User) -> None:
    """Refuse to take an account away from the teams that need it.

    Raises:
        ValidationError: the platform, or a team with other members, would be left without an administrator.
    """
    for member in user.memberships.select_related("team"):
        if member.team.memberships.exclude(user=user).exists() or member.team.is_platform:
            refuse_last_admin(member)


@transaction.atomic
def delete_account(user: User, actor: uuid.UUID | None) -> None:
    """Delete an account, its tokens, and teams that it leaves empty; the audit keeps the account's id alone.

    Raises:
        ValidationError: a team with other members would be left without an administrator.
    """
    refuse_needed(user)
    record("account.deleted", actor, user.id)
    own = [m.team for m in user.memberships.select_related("team") if not m.team.is_platform]
    OneTimeLink.objects.filter(created_by=user, used_at=None).delete()
    user.delete()
    for team in own:
        if not team.memberships.exists():
            delete_team(team, actor)


@transaction.atomic
def delete_team(team: Team, actor: uuid.UUID | None) -> None:
    """Delete a team with its memberships, grants and tokens, which the entry of the audit names."""
    members = {str(member.user_id): member.role for member in team.memberships.all()}
    tokens = [str(token) for token in team.api_tokens.values_list("id", flat=True)]
    feeds = list(team.grants.values_list("feed", flat=True))
    record("team.deleted", actor, team.id, team.id, members=members, tokens=tokens, feeds=feeds)
    team.delete()
