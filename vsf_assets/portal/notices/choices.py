"""What a team chose: which kinds it receives by which ways, and its webhook.

Here: reading and changing choices, each change with an entry of the audit. Not here: the pages (settings_views.py).
"""

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.notices.kinds import KINDS, RESOLVED
from vsf_assets.portal.notices.models import NoticeChoice, TeamWebhook
from vsf_assets.web.secret_files import ensure_secret

KEY_FILE = "notice-key"
"""File in the folder of keys that secrets of webhooks are made of."""


@dataclass(frozen=True)
class Ways:
    """The ways by which a team receives a kind."""

    on_page: bool = True
    by_mail: bool = False
    by_webhook: bool = False


DEFAULT = Ways()


def ways_of(team_ids: list[uuid.UUID]) -> dict[tuple[uuid.UUID, str], Ways]:
    """Return (team, kind) -> the ways, for every kind and for RESOLVED."""
    found = {(team, kind): DEFAULT for team in team_ids for kind in (*KINDS, RESOLVED)}
    for row in NoticeChoice.objects.filter(team__in=team_ids):
        found[row.team_id, row.kind] = Ways(row.on_page, row.by_mail, row.by_webhook)
    return found


@transaction.atomic
def set_choices(team: Team, chosen: Mapping[str, Ways], actor: uuid.UUID) -> None:
    """Set the ways of each kind that is named."""
    before = ways_of([team.id])
    changed = {kind: ways for kind, ways in chosen.items() if before[team.id, kind] != ways}
    for kind, ways in changed.items():
        NoticeChoice.objects.update_or_create(team=team, kind=kind, defaults=vars(ways))
    if changed:
        record("notices.chosen", actor, None, team.id, **{kind: vars(ways) for kind, ways in changed.items()})


@transaction.atomic
def set_webhook(team: Team, url: str, actor: uuid.UUID) -> str:
    """Set the address of a team's webhook, and return its new secret, which is shown once."""
    nonce = secrets.token_hex(32)
    hook, is_new = TeamWebhook.objects.update_or_create(team=team, defaults={"url": url, "nonce": nonce})
    # An address may hold a password or a key of its receiver: the audit names the host alone.
    record("notices.webhook_set", actor, None, team.id, host=urlsplit(url).hostname or "", is_new=is_new)
    return shown_secret(hook)


@transaction.atomic
def remove_webhook(team: Team, actor: uuid.UUID) -> None:
    """Remove a team's webhook; its waiting messages are dropped when it is their turn."""
    if TeamWebhook.objects.filter(team=team).delete()[0]:
        record("notices.webhook_removed", actor, None, team.id)


def webhook_secret(hook: TeamWebhook) -> bytes:
    """Return the bytes that sign the messages of a webhook: an HMAC of its nonce under a key of the installation.

    Whoever reads the database alone cannot sign. A new key in the file gives every webhook another secret.
    """
    key = bytes.fromhex(ensure_secret(settings.VSF.keys, KEY_FILE)[0])
    return hmac.new(key, f"webhook:{hook.team_id}:{hook.nonce}".encode(), hashlib.sha256).digest()


def shown_secret(hook: TeamWebhook) -> str:
    """Return the secret as receivers enter it: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(webhook_secret(hook)).decode()
