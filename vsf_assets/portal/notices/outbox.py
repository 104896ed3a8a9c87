"""Sends the messages of the outbox: claims one, sends it, and notes how it ended.

Here: claims, pauses between tries, and the end. Any number of senders, in any processes and hosts, may work on one
database. Not here: which messages there are (fill_outbox.py), and the call and the mail themselves.

A claim is one conditional UPDATE, which no two senders both win. A sender that dies leaves a claim that runs out;
whether its message was sent cannot be known, so it is sent again under the same id: at least once.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from vsf_assets.portal.notices.choices import ways_of, webhook_secret
from vsf_assets.portal.notices.fill_outbox import Pair, wants
from vsf_assets.portal.notices.lease import database_now
from vsf_assets.portal.notices.mails import send_mail
from vsf_assets.portal.notices.models import OutboxMessage, TeamWebhook
from vsf_assets.portal.notices.recipients import Teams, address_of, members_with_address
from vsf_assets.portal.notices.webhook_call import CallError, call
from vsf_assets.portal.notices.wording import as_json

CLAIM = timedelta(minutes=3)
"""How long a claim holds; longer than a call or a mail may take."""

PAUSES = (30, 60, 120, 300, 900, 1800, 3600, 3600, 7200, 7200)
"""Seconds after each failed try; after the last one the pauses stay as long."""

GIVE_UP = timedelta(hours=24)
"""Age from which a message is not tried again."""

_log = logging.getLogger("vsf.portal.notices")


class DroppedError(Exception):
    """A message has no recipient any more; the words say why."""


def claim_next(now: datetime) -> OutboxMessage | None:
    """Claim the message that waits longest; None if none is to be tried now.

    A recipient has one message at a time, so that a slow one does not hold up the others.
    """
    may_be_tried = Q(state=OutboxMessage.WAITING, next_try_at__lte=now) | Q(
        state=OutboxMessage.SENDING, claimed_until__lt=now
    )
    busy = OutboxMessage.objects.filter(state=OutboxMessage.SENDING, claimed_until__gte=now).filter(
        Q(team=OuterRef("team")) | Q(user=OuterRef("user"))
    )
    found = OutboxMessage.objects.filter(may_be_tried).filter(~Exists(busy)).order_by("next_try_at", "id")
    for pk in list(found.values_list("pk", flat=True)[:5]):
        claim = uuid.uuid4()
        won = OutboxMessage.objects.filter(may_be_tried, pk=pk).update(
            state=OutboxMessage.SENDING, claim=claim, claimed_until=now + CLAIM, tries=F("tries") + 1
        )
        if won:
            return OutboxMessage.objects.filter(pk=pk, claim=claim).first()
    return None


def send_next(now: datetime | None = None) -> bool:
    """Send one message, if one is to be tried now; return whether there was one."""
    message = claim_next(now or database_now())
    if message is None:
        return False
    try:
        _send(message)
    except DroppedError as error:
        _end(message, OutboxMessage.DROPPED, str(error))
    except CallError as error:
        _failed(message, str(error), now or database_now())
    except Exception:  # noqa: BLE001 - a defect must not stop other messages; the log has it, and it is tried again
        _log.exception("message %s", message.id)
        _failed(message, "a defect of the portal; its log says more", now or database_now())
    else:
        _end(message, OutboxMessage.SENT)
    return True


def _send(message: OutboxMessage) -> None:
    if message.way == OutboxMessage.MAIL:
        _send_mail(message)
    else:
        _send_call(message)


def _send_mail(message: OutboxMessage) -> None:
    to = address_of(message.user)
    if not to or settings.VSF_PORTAL.mail is None:
        raise DroppedError("there is no mail server, or no confirmed address any more")
    own = list(members_with_address(Teams().all).get(message.user_id, ()))
    send_mail(to, str(message.id), _still_wanted(message, own))


def _send_call(message: OutboxMessage) -> None:
    hook = TeamWebhook.objects.filter(team=message.team_id).first()
    if hook is None:
        raise DroppedError("the webhook was removed")
    pairs = [] if message.is_test else _still_wanted(message, [message.team_id])
    sent_at = database_now()
    content = {
        "id": str(message.id),
        "type": "test" if message.is_test else "notices",
        "team": str(message.team_id),
        "sent_at": sent_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notices": [{**as_json(event), "says_resolved": over} for event, over in pairs],
    }
    allowed = settings.VSF_PORTAL.webhook_networks
    call(hook.url, webhook_secret(hook), str(message.id), int(sent_at.timestamp()), content, allowed)


def _still_wanted(message: OutboxMessage, own: Sequence[uuid.UUID]) -> list[Pair]:
    """Return the events that one of the teams may know and wants at this moment.

    Raises:
        DroppedError: there is none.
    """
    teams, ways = Teams(), ways_of(list(own))
    pairs = [
        (item.event, item.says_resolved)
        for item in message.items.select_related("event").order_by("event_id")
        if any(
            teams.may_know(team, item.event) and wants(ways, team, item.event.kind, message.way, item.says_resolved)
            for team in own
        )
    ]
    if not pairs:
        raise DroppedError("the team may not read the feed any more, or chose otherwise")
    return pairs


def _end(message: OutboxMessage, state: str, error: str = "") -> None:
    values = {"state": state, "ended_at": database_now(), "claim": None, "claimed_until": None}
    OutboxMessage.objects.filter(pk=message.pk, claim=message.claim).update(**values, last_error=error[:300])


def _failed(message: OutboxMessage, error: str, now: datetime) -> None:
    pause = timedelta(seconds=PAUSES[min(message.tries, len(PAUSES)) - 1])
    if message.is_test or now + pause > message.created_at + GIVE_UP:
        _end(message, OutboxMessage.GAVE_UP, error)
        return
    OutboxMessage.objects.filter(pk=message.pk, claim=message.claim).update(
        state=OutboxMessage.WAITING, next_try_at=now + pause, claim=None, claimed_until=None, last_error=error[:300]
    )
