"""The admin site: for administrators of the platform who signed in with a second factor.

Here: who may enter, and that its log-in is the portal's. Not here: the models that it shows (accounts/admin.py).
"""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class PortalAdminSite(admin.AdminSite):
    """Django's admin site under the portal's name."""

    site_header = "Administration"
    site_title = "Administration"
    index_title = "Accounts and audit"
    site_url = "/"
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register our own models; those of libraries have pages of their own, which write to the audit."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        own = [model for model in models if model.__module__.startswith("vsf_assets.")]
        if own:
            super().register(own, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send visitors to the portal's log-in, which counts failed ones."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """Send to the portal's page, which ends other sessions and writes to the audit."""
        return redirect("account_change_password")
