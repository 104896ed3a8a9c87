"""Entries of the audit for what Django and django-allauth do: log-ins, log-outs, passwords, addresses, authenticators.

Here: the signals. Not here: changes that our own code makes (account_changes.py records those).
"""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import (
    email_added,
    email_changed,
    email_confirmed,
    email_removed,
    password_changed,
    password_reset,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out

from vsf_assets.portal.accounts.account_changes import end_tokens
from vsf_assets.portal.audit.models import record

_KEEP = "vsf_portal_audit"


def connect() -> None:
    """Connect the signals; a second call changes nothing."""
    named = {
        user_logged_in: "session.begun",
        user_logged_out: "session.ended",
        password_changed: "account.password_changed",
        password_reset: "account.password_reset",
        authenticator_added: "authenticator.added",
        authenticator_removed: "authenticator.removed",
        authenticator_reset: "authenticator.reset",
        email_added: "account.email_added",
        email_changed: "account.email_changed",
        email_removed: "account.email_removed",
    }
    for signal, action in named.items():
        signal.connect(_recorder(action), weak=False, dispatch_uid=f"{_KEEP}.{action}")
    user_logged_in.connect(_remember_browser, weak=False, dispatch_uid=f"{_KEEP}.browser")
    authenticator_added.connect(_remember_factor, weak=False, dispatch_uid=f"{_KEEP}.factor")
    email_confirmed.connect(_record_confirmed, weak=False, dispatch_uid=f"{_KEEP}.email")


def _recorder(action: str) -> Any:
    def on_signal(user: Any = None, authenticator: Any = None, **_: Any) -> None:
        if user is None:
            return
        kind: dict[str, Any] = {"type": str(authenticator.type)} if authenticator is not None else {}
        record(action, user.id, user.id, **kind)
        if action.startswith("account.password") and user.must_change_password:
            user.must_change_password = False
            user.save(update_fields=["must_change_password"])
        if action == "account.password_reset":
            end_tokens(user, user.id)

    return on_signal


def _remember_browser(request: Any, user: Any, **_: Any) -> None:
    """Let the middleware leave the cookie of a known browser on the answer."""
    if request is not None:
        request.signed_in = user.username


def _remember_factor(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    """Count the code that set up an authenticator app as the second factor of this session."""
    if authenticator.type == Authenticator.Type.TOTP:
        record_authentication(request, user, "mfa", type=authenticator.type)


def _record_confirmed(email_address: Any, **_: Any) -> None:
    record("account.email_confirmed", email_address.user_id, email_address.user_id)
