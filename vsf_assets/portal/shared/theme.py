"""Light, dark, or as the system has it: a choice that a cookie of the browser remembers.

Here: reading and changing the choice. Not here: colours (static/portal/portal.css).
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("system", "light", "dark")

_SECONDS = 365 * 86_400


def cookie_name() -> str:
    """Return the name of the cookie."""
    return "__Host-vsf_theme" if settings.SESSION_COOKIE_SECURE else "vsf_theme"


def theme_of(request: HttpRequest) -> str:
    """Return the choice of the browser."""
    found = request.COOKIES.get(cookie_name(), "")
    return found if found in THEMES else THEMES[0]


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember a choice, and go back to the page where it was made."""
    theme, back = request.POST.get("theme", ""), request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    response = redirect(back)
    if theme in THEMES[1:]:
        response.set_cookie(
            cookie_name(), theme, _SECONDS, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(cookie_name(), samesite="Lax")
    return response
