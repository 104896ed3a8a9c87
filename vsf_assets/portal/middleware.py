"""What every request passes: headers, own passwords, the second factor of administrators, and one snapshot per answer.

Here: our middleware. Not here: Django's, allauth's and the content security policy's, which config.py lists.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from vsf_assets.portal.accounts.known_browsers import remember_browser
from vsf_assets.portal.accounts.rights import MANAGE
from vsf_assets.portal.shared.open_pool import SNAPSHOT_HEADER, asker_of, pool
from vsf_assets.snapshots.pool import OpenSnapshot, QueryBudget

Handler = Callable[[HttpRequest], HttpResponse]


_PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


_OF_OTHERS = ("/admin/", "/team/")
"""Where administrators of the platform change other accounts."""


def headers(handler: Handler) -> Handler:
    """Add headers of protection, and keep pages of signed-in people out of shared caches."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Cookie", "Authorization"])
        return response

    return handle


def known_browsers(handler: Handler) -> Handler:
    """Leave the cookie of a known browser on the answer to a log-in."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        if name := getattr(request, "signed_in", ""):
            remember_browser(response, name)
        return response

    return handle


def second_factor(handler: Handler) -> Handler:
    """Ask administrators of the platform for a second factor, in this session, before they change other accounts."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not (request.path.startswith(_OF_OTHERS) and user.is_authenticated and _manages_platform(user)):
            return handler(request)
        if not is_mfa_enabled(user):
            messages.info(request, "This page asks for a second factor: set up an authenticator app first.")
            return redirect("mfa_activate_totp")
        if all(found["method"] != "mfa" for found in get_authentication_records(request, user)):
            return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")
        return handler(request)

    return handle


def _manages_platform(user: Any) -> bool:
    return bool(user.is_staff or user.account_rights.may_on_platform(MANAGE))


class SnapshotOfRequest:
    """Opens the current snapshot when a request first asks for it, and keeps that one until the answer is made."""

    def __init__(self, stack: ExitStack, request: HttpRequest) -> None:
        self._stack, self._request = stack, request
        self.opened: OpenSnapshot | None = None

    def __call__(self, number: int | None = None) -> OpenSnapshot:
        """Return the snapshot of this request; `number` asks for one that need not be the current one.

        Raises:
            NoSnapshotError: nothing was published yet.
            MissingSnapshotError: there is none of this number.
        """
        if self.opened is None or number not in (None, self.opened.number):
            seconds = settings.VSF_PORTAL.query_seconds
            budget = QueryBudget(asker_of(self._request), time.monotonic() + seconds, seconds)
            opening = pool().current() if number is None else pool().numbered(number)
            self.opened = self._stack.enter_context(opening).for_request(budget)
        return self.opened


def one_snapshot(handler: Handler) -> Handler:
    """Give the request a `snapshot`, and name it in the answer."""

    def handle(request: HttpRequest) -> HttpResponse:
        with ExitStack() as stack:
            request.snapshot = SnapshotOfRequest(stack, request)  # type: ignore[attr-defined]
            response = handler(request)
            if request.snapshot.opened is not None:  # type: ignore[attr-defined]
                response[SNAPSHOT_HEADER] = str(request.snapshot.opened.number)  # type: ignore[attr-defined]
                if _may_show_personal(request):
                    response["Cache-Control"] = "private, no-store"
            return response

    return handle


def _may_show_personal(request: HttpRequest) -> bool:
    """Whether who asks, by a token or a session, sees personal values; browsers then keep no copy of the answer."""
    asker = getattr(request, "auth", None) or request.user
    rights = getattr(asker, "account_rights", None)
    return rights is not None and bool(rights.may_see_personal)
