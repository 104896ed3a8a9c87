"""What every request passes: headers, the second factor of administrators, and one snapshot per answer.

Here: our middleware. Not here: Django's, allauth's and the content security policy's, which config.py lists.
"""

from collections.abc import Callable
from contextlib import ExitStack

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

from vsf_assets.portal.shared.open_pool import pool
from vsf_assets.snapshots.pool import OpenSnapshot

Handler = Callable[[HttpRequest], HttpResponse]

SNAPSHOT_HEADER = "X-Vsf-Snapshot"

_PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


def headers(handler: Handler) -> Handler:
    """Add headers of protection, and keep pages of signed-in people out of shared caches."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "private, no-cache")
            patch_vary_headers(response, ["Cookie", "Authorization"])
        return response

    return handle


def second_factor(handler: Handler) -> Handler:
    """Lead administrators without a second factor to its page before the admin site."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if request.path.startswith("/admin/") and user.is_authenticated and user.is_staff and not is_mfa_enabled(user):
            messages.info(request, "The admin site asks for a second factor: set up an authenticator app first.")
            return redirect("mfa_activate_totp")
        return handler(request)

    return handle


class SnapshotOfRequest:
    """Opens the current snapshot when a request first asks for it, and keeps that one until the answer is made."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.opened: OpenSnapshot | None = None

    def __call__(self) -> OpenSnapshot:
        """Return the snapshot of this request.

        Raises:
            NoSnapshotError: nothing was published yet.
        """
        if self.opened is None:
            self.opened = self._stack.enter_context(pool().current())
        return self.opened


def one_snapshot(handler: Handler) -> Handler:
    """Give the request a `snapshot`, and name it in the answer."""

    def handle(request: HttpRequest) -> HttpResponse:
        with ExitStack() as stack:
            request.snapshot = SnapshotOfRequest(stack)  # type: ignore[attr-defined]
            response = handler(request)
            if request.snapshot.opened is not None:  # type: ignore[attr-defined]
                response[SNAPSHOT_HEADER] = str(request.snapshot.opened.number)  # type: ignore[attr-defined]
            return response

    return handle
