"""The audit in the admin site: read only.

Not here: the table (models.py).
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from vsf_assets.portal.audit.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """A list of entries with filters; nothing can be added, changed or deleted."""

    list_display = ("at", "action", "actor", "target", "team", "details")
    list_filter = ("action", "at")
    search_fields = ("=actor", "=target", "=team")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody adds entries by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody changes entries."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody deletes entries."""
        return False
