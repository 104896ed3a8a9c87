"""The page of sessions: where the account is signed in, and ending one of them or all others.

Here: the list and its forms. Not here: the rows of sessions, which django-allauth writes at log-in, and recording that
one was ended (adapter.py).
"""

import re
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vsf_assets.common.visible_text import visible

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_MOBILE = (("Android", "Android"), ("iPhone|iPad", "iOS"))
_SYSTEMS = (*_MOBILE, ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))
"""What stands in the name that a browser gives itself, the most telling first, and what a person calls it."""


@dataclass(frozen=True)
class ShownSession:
    """A session as its page shows it.

    Attributes:
        mark: stands for it in addresses; it tells nothing about the session's cookie.
        browser: name of the browser and the system, or what it calls itself.
        full_name: what it calls itself.
        address: from which the account signed in.
        began: time of the log-in.
        is_current: whether this request belongs to it.
    """

    mark: str
    browser: str
    full_name: str
    address: str
    began: datetime
    is_current: bool


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Show the own sessions, or end all but this one."""
    if request.method == "POST":
        others = [session for session in _own(request) if not _is_current(request, session)]
        end_sessions(request, others)
        messages.success(request, f"{len(others)} other session{'' if len(others) == 1 else 's'} ended.")
        return redirect("usersessions_list")
    shown = sorted((_shown(request, session) for session in _own(request)), key=lambda found: found.began)
    shown.sort(key=lambda found: not found.is_current)
    return render(request, "accounts/sessions.html", {"sessions": shown})


@require_POST
@login_required
def end(request: HttpRequest, mark: str) -> HttpResponse:
    """End one of the own sessions; this one too, which signs out."""
    found = next((session for session in _own(request) if constant_time_compare(_mark(session), mark)), None)
    if found is None:
        raise Http404
    is_current = _is_current(request, found)
    end_sessions(request, [found])
    if is_current:
        return redirect("account_login")
    messages.success(request, f"The session of {_browser(found.user_agent)} ended.")
    return redirect("usersessions_list")


def _own(request: HttpRequest) -> list[UserSession]:
    """Return the sessions of the account that still hold; rows of ended ones are removed."""
    return list(UserSession.objects.purge_and_list(request.user))


def _is_current(request: HttpRequest, session: UserSession) -> bool:
    return bool(session.session_key == request.session.session_key)


def _mark(session: UserSession) -> str:
    return salted_hmac("vsf.session-mark", session.session_key, algorithm="sha256").hexdigest()[:32]


def _shown(request: HttpRequest, session: UserSession) -> ShownSession:
    full = visible(session.user_agent)
    current = _is_current(request, session)
    return ShownSession(_mark(session), _browser(full), full, session.ip, session.created_at, current)


def _browser(user_agent: str) -> str:
    """Return what a person calls a browser, or its own words where they are not understood."""
    browser = next((name for word, name in _BROWSERS if word in user_agent), "")
    system = next((name for words, name in _SYSTEMS if re.search(words, user_agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return visible(user_agent)[:60] or "an unnamed program"
