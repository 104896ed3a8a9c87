"""The tables of accounts: people, teams, memberships, grants, one-time links, tokens, and counts of failed log-ins.

Here: fields and constraints; every id is random, so that it cannot be guessed. Not here: changing them together with
an entry of the audit (account_changes.py, one_time_links.py, api_tokens.py), and what roles allow (rights.py).
"""

import uuid
from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from vsf_assets.portal.accounts.rights import PLATFORM, ROLES, AccountRights
from vsf_assets.portal.accounts.stored_rights import stored_rights
from vsf_assets.portal.shared.random_ids import new_id

_ROLE_CHOICES = [(role, role) for role in ROLES]


class User(AbstractUser):
    """A person's account."""

    first_name = None
    last_name = None
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(blank=True)
    may_see_personal = models.BooleanField(
        "personal data", default=False, help_text="phone numbers, ids of people and devices are shown as they are"
    )
    must_change_password = models.BooleanField(default=False, help_text="the password was printed by a command")
    is_demo = models.BooleanField(default=False, editable=False)
    """Whether it was made for trying the portal; it is active on portals that were started with `--demo` alone."""

    REQUIRED_FIELDS: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.username)

    @cached_property
    def account_rights(self) -> AccountRights:
        """What the account may do; the database is asked once per object."""
        return stored_rights(self.id, self.may_see_personal) if self.is_active else AccountRights()


class Team(models.Model):
    """People who share what belongs to them; each account begins in a team of its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Options of Django."""

        ordering = ("name",)

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_platform(self) -> bool:
        """Whether it is the team of the platform."""
        return bool(self.name == PLATFORM)


class Membership(models.Model):
    """The role of an account in a team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=_ROLE_CHOICES)

    class Meta:
        """Options of Django."""

        constraints = (models.UniqueConstraint(fields=("user", "team"), name="one_role_per_team"),)
        ordering = ("team__name", "user__username")

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.team}"


class Grant(models.Model):
    """What a team may do with a feed: read what was delivered, deliver files."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="grants")
    feed = models.CharField(max_length=60)
    may_read = models.BooleanField("read", default=True)
    may_deliver = models.BooleanField("deliver", default=False)

    class Meta:
        """Options of Django."""

        constraints = (models.UniqueConstraint(fields=("team", "feed"), name="one_grant_per_feed"),)
        ordering = ("team__name", "feed")

    def __str__(self) -> str:
        words = [word for word, has in (("read", self.may_read), ("deliver", self.may_deliver)) if has]
        return f"{self.team}: {' and '.join(words) or 'nothing'} of {self.feed}"


class OneTimeLink(models.Model):
    """An address that works once: the first administrator, an invitation, or a new password."""

    FIRST_ADMIN, INVITATION, RESET = "first_admin", "invitation", "reset"
    KINDS = ((FIRST_ADMIN, "first administrator"), (INVITATION, "invitation"), (RESET, "new password"))

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12, choices=KINDS)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="links")
    role = models.CharField(max_length=10, choices=_ROLE_CHOICES, blank=True)
    may_see_personal = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Options of Django."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} until {self.expires_at:%Y-%m-%d %H:%M}"

    @property
    def is_valid(self) -> bool:
        """Whether it still works."""
        return self.used_at is None and self.expires_at > timezone.now()


class ApiToken(models.Model):
    """A token of the API: an account's rights in one team, narrowed by scopes; only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, editable=False)

    class Meta:
        """Options of Django."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_valid(self) -> bool:
        """Whether it still works."""
        return bool(self.expires_at > timezone.now())

    @property
    def account_rights(self) -> AccountRights:
        """What a request with this token may do."""
        team: uuid.UUID = self.team_id
        return self.user.account_rights.narrowed(team, self.scopes)


class LoginCount(models.Model):
    """How many log-ins of a name, or from an address, were tried since a time."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.count} since {self.since:%H:%M:%S}"
