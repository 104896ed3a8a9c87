"""Accounts in the admin site: users, teams, memberships, grants, tokens and links.

Here: what is listed, and what an administrator may change there; each change writes an entry of the audit. Nothing
secret is shown: of tokens and links the site has no more than the database, their digests, and not even those. Not
here: the team pages, which administrators of teams use (team_views.py).
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from vsf_assets.portal.accounts.account_changes import (
    OWN_TEAM,
    checked_name,
    checked_team_name,
    delete_account,
    delete_team,
    give_own_team,
    keep_address,
    may_be_deleted,
    refuse_needed,
    set_role,
)
from vsf_assets.portal.accounts.adapter import ask_password_again
from vsf_assets.portal.accounts.models import ApiToken, Grant, Membership, OneTimeLink, Team, User
from vsf_assets.portal.accounts.rights import ADMIN
from vsf_assets.portal.audit.models import record


class AuditedAdmin(admin.ModelAdmin):
    """A model whose changes in the admin site are written to the audit.

    `with_values` are the fields whose new values the audit keeps; of others it keeps the names.
    """

    with_values: tuple[str, ...] = ()

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write no log of Django's: it keeps names of people, which outlive their accounts; the audit keeps ids."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write no log of Django's."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Write no log of Django's."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and record which fields were changed."""
        super().save_model(request, obj, form, change)
        word = "changed" if change else "created"
        team = getattr(obj, "team_id", None)
        name = type(obj).__name__.lower()
        values = {field: getattr(obj, field) for field in self.with_values}
        record(f"{name}.{word}", request.user.id, obj.pk, team, fields=list(form.changed_data), **values)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, and record it."""
        record(f"{type(obj).__name__.lower()}.deleted", request.user.id, obj.pk, getattr(obj, "team_id", None))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Model]") -> None:
        """Delete several one by one, so that each is recorded."""
        for obj in queryset:
            self.delete_model(request, obj)


class ReadOnlyAdmin(admin.ModelAdmin):
    """A model that is made elsewhere: it can be looked at and deleted, not changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody changes one."""
        return False


class MembershipInline(admin.TabularInline):
    """The teams of an account, to look at; the team's page changes them."""

    model = Membership
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Memberships are added on the team's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Memberships are changed on the team's page."""
        return False


class UserForm(forms.ModelForm):
    """A new account, or whether one is active."""

    def clean_username(self) -> str:
        """Return the name in its one form."""
        return checked_name(self.cleaned_data["username"])

    def clean_is_active(self) -> bool:
        """Keep the last administrators of the platform and of teams with other members active."""
        if not self.cleaned_data["is_active"]:
            refuse_needed(self.instance)
        return bool(self.cleaned_data["is_active"])


@admin.register(User)
class UserAdmin(AuditedAdmin):
    """Accounts: a new one, and whether one is active.

    Names and addresses belong to the account itself, passwords are set by links, and roles and personal data are
    given on the pages of teams, which check who may do so.
    """

    form = UserForm
    list_display = ("username", "email", "is_active", "is_staff", "may_see_personal", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "may_see_personal")
    search_fields = ("username", "email", "=id")
    ordering = ("username",)
    fields = ("username", "email", "is_active", "may_see_personal", "is_staff", "must_change_password", "last_login")
    readonly_fields = ("may_see_personal", "is_staff", "must_change_password", "last_login")
    inlines = (MembershipInline,)
    actions = None
    with_values = ("is_active",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Only a new account is given a name and an address."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "username", "email")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give a new account a team of its own and no password."""
        if not change:
            obj.set_unusable_password()
            obj.email = obj.email.lower()
        super().save_model(request, obj, form, change)
        if not change:
            keep_address(obj)
            give_own_team(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The last administrator of the platform stays."""
        return super().has_delete_permission(request, obj) and (obj is None or may_be_deleted(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete an account with what it leaves empty."""
        delete_account(obj, request.user.id)


class TeamForm(forms.ModelForm):
    """The name of a team."""

    def clean_name(self) -> str:
        """Keep to the names that people may give."""
        return checked_team_name(self.cleaned_data["name"])


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    """Teams."""

    form = TeamForm

    list_display = ("name", "created_at")
    search_fields = ("name", "=id")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """The platform's team and those in which accounts begin keep their names."""
        return ("name",) if obj is not None and (obj.is_platform or obj.name.startswith(OWN_TEAM)) else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The platform's team stays."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_platform)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a team, and record what goes with it."""
        delete_team(obj, request.user.id)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Roles of accounts in teams: an account is added to a team here; the team's page changes and ends it."""

    list_display = ("user", "team", "role")
    list_filter = ("role", "team")
    search_fields = ("user__username", "team__name")
    autocomplete_fields = ("user", "team")
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Roles are changed on the team's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Memberships end on the team's page; here they end only with their account or team."""
        place = request.resolver_match
        return place is not None and not str(place.url_name).startswith("accounts_membership_")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        """Add an account to a team as the team's page does."""
        if obj.role == ADMIN:
            ask_password_again(request)
        obj.pk = set_role(obj.user, obj.team, obj.role, request.user.id).pk


@admin.register(Grant)
class GrantAdmin(AuditedAdmin):
    """What teams may do with feeds."""

    list_display = ("team", "feed", "may_read", "may_deliver")
    list_filter = ("feed", "may_read", "may_deliver")
    with_values = ("feed", "may_read", "may_deliver")
    autocomplete_fields = ("team",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin, AuditedAdmin):
    """Tokens of the API: whose, for which team, and until when; never their text."""

    list_display = ("name", "user", "team", "scopes", "created_at", "expires_at", "last_used_on")
    search_fields = ("name", "user__username", "team__name")
    exclude = ("sha256",)


@admin.register(OneTimeLink)
class OneTimeLinkAdmin(ReadOnlyAdmin, AuditedAdmin):
    """One-time links: for what, and until when; never their secret."""

    list_display = ("kind", "team", "role", "user", "created_by", "expires_at", "used_at")
    list_filter = ("kind",)
    exclude = ("sha256",)
