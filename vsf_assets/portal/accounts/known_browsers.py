"""Browsers in which an account has signed in before: a stranger's wrong passwords do not lock them out.

Here: the signed cookie that a log-in leaves, and whether a request has it for a name. Not here: the counts of failed
log-ins (login_limits.py), and setting the cookie on an answer (middleware.py).

The cookie lets nobody in: a browser that has it gets as many tries as a name otherwise gets from everywhere, counted
for itself alone (OWASP describes such device cookies).
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "vsf.known-browser"
_DAYS = 180


def cookie_name() -> str:
    """Return the name of the cookie; where browsers use TLS, it has the prefix that keeps it there."""
    return f"{'__Host-' if settings.VSF_PORTAL.is_secure else ''}vsf_known"


def known_browser(request: HttpRequest, name: str) -> str:
    """Return the random id of a browser in which the account `name` signed in before; empty for other browsers."""
    try:
        found = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=_DAYS * 86_400)
        of, browser = str(found["of"]), str(found["browser"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return ""
    return browser if constant_time_compare(of, _mark(name)) else ""


def remember_browser(response: HttpResponse, name: str) -> None:
    """Let the browser keep that the account `name` signed in there."""
    value = signing.dumps({"of": _mark(name), "browser": secrets.token_urlsafe(16)}, salt=_SALT)
    response.set_cookie(
        cookie_name(),
        value,
        max_age=_DAYS * 86_400,
        secure=settings.VSF_PORTAL.is_secure,
        httponly=True,
        samesite="Strict",
    )


def _mark(name: str) -> str:
    """Return what stands for a name in the cookie, from which nobody reads the name."""
    return salted_hmac(_SALT, name.strip().lower(), algorithm="sha256").hexdigest()
