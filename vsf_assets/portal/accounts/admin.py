"""Accounts in the admin site: users, teams, memberships, grants, tokens and links.

Here: what is listed, and what an administrator may change there; each change writes an entry of the audit. Nothing
secret is shown: of tokens and links the site has no more than the database, their digests, and not even those. Not
here: the team pages, which administrators of teams use (team_views.py).
"""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from vsf_assets.portal.accounts.account_changes import delete_account, give_own_team, may_be_deleted, update_staff
from vsf_assets.portal.accounts.models import ApiToken, Grant, Membership, OneTimeLink, Team, User
from vsf_assets.portal.audit.models import record


class AuditedAdmin(admin.ModelAdmin):
    """A model whose changes in the admin site are written to the audit."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and record which fields were changed, without their values."""
        super().save_model(request, obj, form, change)
        word = "changed" if change else "created"
        team = getattr(obj, "team_id", None)
        name = type(obj).__name__.lower()
        record(f"{name}.{word}", request.user.id, obj.pk, team, fields=list(form.changed_data))

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


@admin.register(User)
class UserAdmin(AuditedAdmin):
    """Accounts; passwords are set by links, staff follows from the role in the platform's team."""

    list_display = ("username", "email", "is_active", "is_staff", "may_see_personal", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "may_see_personal")
    search_fields = ("username", "email", "=id")
    fields = ("username", "email", "is_active", "may_see_personal", "is_staff", "must_change_password", "last_login")
    readonly_fields = ("is_staff", "must_change_password", "last_login")
    inlines = (MembershipInline,)
    actions = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give a new account a team of its own and no password."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            give_own_team(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The last administrator of the platform stays."""
        return super().has_delete_permission(request, obj) and (obj is None or may_be_deleted(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete an account with what it leaves empty."""
        delete_account(obj, request.user.id)


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    """Teams."""

    list_display = ("name", "created_at")
    search_fields = ("name", "=id")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """The platform's team keeps its name."""
        return ("name",) if obj is not None and obj.is_platform else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The platform's team stays."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_platform)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Roles of accounts in teams."""

    list_display = ("user", "team", "role")
    list_filter = ("role", "team")
    search_fields = ("user__username", "team__name")
    autocomplete_fields = ("user", "team")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and let administrators of the platform, and only them, into this site."""
        super().save_model(request, obj, form, change)
        update_staff(obj.user)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, and take administrators of the platform out of this site."""
        user = obj.user
        super().delete_model(request, obj)
        update_staff(user)


@admin.register(Grant)
class GrantAdmin(AuditedAdmin):
    """What teams may do with feeds."""

    list_display = ("team", "feed", "may_read", "may_deliver")
    list_filter = ("feed", "may_read", "may_deliver")
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
