"""Tokens of the API: making one, finding it, and ending it.

Here: the form `vsf_` and 256 random bits, of which only the SHA-256 is stored. Not here: the header of a request
(api/authentication.py), and the page (token_views.py).
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from vsf_assets.portal.accounts.models import ApiToken, Team, User
from vsf_assets.portal.accounts.one_time_links import digest
from vsf_assets.portal.audit.models import record

PREFIX = "vsf_"
DAYS = 365
"""Longest life of a token."""


@transaction.atomic
def create_token(user: User, team: Team, name: str, scopes: Sequence[str], days: int) -> tuple[ApiToken, str]:
    """Return a new token and its text, which is shown once and cannot be found again."""
    text = PREFIX + secrets.token_urlsafe(32)
    expires = timezone.now() + timedelta(days=min(max(days, 1), DAYS))
    token = ApiToken.objects.create(
        user=user, team=team, name=name, sha256=digest(text), scopes=list(scopes), expires_at=expires
    )
    record("token.created", user.id, token.id, team.id, scopes=list(scopes), expires=expires.isoformat())
    return token, text


@transaction.atomic
def end_token(token: ApiToken, actor: User) -> None:
    """Delete a token."""
    record("token.deleted", actor.id, token.id, token.team_id)
    token.delete()


def find_token(text: str) -> ApiToken | None:
    """Return the valid token of a text, and note the day of its use; None if there is none."""
    if not text.startswith(PREFIX):
        return None
    token = ApiToken.objects.select_related("user").filter(sha256=digest(text)).first()
    if token is None or not token.is_valid or not token.user.is_active:
        return None
    today = timezone.now().date()
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)
    return token
