"""Who asks the API: a token in the header, or a session, whose unsafe requests need the CSRF token.

Here: both, and the account_rights that a request has. Not here: tokens themselves (accounts/api_tokens.py).
"""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth

from vsf_assets.portal.accounts.api_tokens import find_token
from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.data.access import Access

BEARER = "bearer "


class TokenAuth(HttpBearer):
    """A token in `Authorization: Bearer vsf_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:  # noqa: ARG002 - ninja's form
        """Return the token of a request, None for a wrong one."""
        return find_token(token)


class PageSession(SessionAuth):
    """The session of a person who signed in on a page."""

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:  # noqa: ARG002
        """Return the account of a session; None beside a token, since a wrong one is a stranger's."""
        if _bearer(request) is not None:
            return None
        return request.user if request.user.is_authenticated else None


AUTHENTICATION = [TokenAuth(), PageSession()]


def rights_of_request(request: Any) -> AccountRights:
    """Return what the request may do."""
    found: AccountRights = request.auth.account_rights
    return found


def has_ended(request: Any) -> bool:
    """Whether what let a request in was ended since: its token, data link or session, or the account.

    For answers that take long: who was shut out meanwhile does not get them.
    """
    let_in: Any = request.auth
    if isinstance(let_in, User):
        is_there = User.objects.filter(pk=let_in.pk, is_active=True).exists()
        return not (is_there and request.session.exists(request.session.session_key))
    return not type(let_in).objects.filter(pk=let_in.pk, user__is_active=True).exists()


def access_of(request: Any) -> Access:
    """Return what the request may read."""
    return Access(rights_of_request(request))


def who_asks(request: HttpRequest) -> ApiToken | User | None:
    """Return the token or the account of a request outside of ninja; None for a stranger.

    A wrong token is a stranger's, whatever session the request has too.
    """
    text = _bearer(request)
    if text is not None:
        return find_token(text)
    return request.user if request.user.is_authenticated else None


def _bearer(request: HttpRequest) -> str | None:
    header = request.headers.get("Authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None
