"""Gives new events to teams: on their pages, and as messages into the outbox.

Here: who receives what, in the transaction that records the events. A message holds all events of a pass for its
recipient, so that a thousand bad deliveries are no thousand mails. Not here: the events (record_events.py), and
sending (outbox.py).
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from vsf_assets.portal.notices.choices import Ways, ways_of
from vsf_assets.portal.notices.kinds import RESOLVED
from vsf_assets.portal.notices.models import NoticeEvent, OutboxItem, OutboxMessage, TeamNotice, TeamWebhook
from vsf_assets.portal.notices.recipients import Teams, members_with_address
from vsf_assets.portal.notices.record_events import Changes

PER_MESSAGE = {OutboxMessage.WEBHOOK: 100, OutboxMessage.MAIL: 1_000}
"""Events of one message; a mail names the first of them and counts the others."""

Pair = tuple[NoticeEvent, bool]
"""An event, and whether the message says that it is over."""

Chosen = dict[tuple[uuid.UUID, str], Ways]


def distribute(changes: Changes, now: datetime, has_mail: bool) -> int:
    """Put new events on pages, and messages into the outbox; return the number of messages.

    Args:
        changes: of the pass.
        now: UTC.
        has_mail: whether a mail server is set.
    """
    if not (changes.new or changes.over):
        return 0
    teams = Teams()
    ways = ways_of(list(teams.all))
    pages = [
        TeamNotice(event=event, team_id=team)
        for event in changes.new
        for team in teams.who_may_know(event)
        if ways[team, event.kind].on_page
    ]
    TeamNotice.objects.bulk_create(pages, batch_size=500)
    count = _fill(_for_webhooks(changes, teams, ways), OutboxMessage.WEBHOOK, now)
    return count + (_fill(_for_mails(changes, teams, ways), OutboxMessage.MAIL, now) if has_mail else 0)


def wants(ways: Chosen, team: uuid.UUID, kind: str, way: str, says_resolved: bool) -> bool:
    """Whether a team wants messages about a kind by a way, and if so about its end."""
    is_kind = _has(ways[team, kind], way)
    return is_kind and (not says_resolved or _has(ways[team, RESOLVED], way))


def _has(ways: Ways, way: str) -> bool:
    return ways.by_mail if way == OutboxMessage.MAIL else ways.by_webhook


def _for_webhooks(changes: Changes, teams: Teams, ways: Chosen) -> Iterator[tuple[uuid.UUID, list[Pair]]]:
    for team in TeamWebhook.objects.values_list("team_id", flat=True):
        pairs = [
            (event, says_resolved)
            for event, says_resolved in _pairs(changes)
            if teams.may_know(team, event) and wants(ways, team, event.kind, OutboxMessage.WEBHOOK, says_resolved)
        ]
        yield team, pairs


def _for_mails(changes: Changes, teams: Teams, ways: Chosen) -> Iterator[tuple[uuid.UUID, list[Pair]]]:
    mailing = {team for (team, _), chosen in ways.items() if chosen.by_mail}
    for user, own in members_with_address(mailing).items():
        pairs = [
            (event, says_resolved)
            for event, says_resolved in _pairs(changes)
            if any(
                teams.may_know(team, event) and wants(ways, team, event.kind, OutboxMessage.MAIL, says_resolved)
                for team in own
            )
        ]
        yield user, pairs


def _pairs(changes: Changes) -> list[Pair]:
    return [*((event, False) for event in changes.new), *((event, True) for event in changes.over)]


def _fill(wanted: Iterable[tuple[uuid.UUID, list[Pair]]], way: str, now: datetime) -> int:
    count = 0
    for recipient, pairs in wanted:
        name = f"{way}:{recipient}"
        pairs = _not_said(name, pairs)
        for start in range(0, len(pairs), PER_MESSAGE[way]):
            _put(recipient, name, way, pairs[start : start + PER_MESSAGE[way]], now)
            count += 1
    return count


def _not_said(recipient: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Return what a recipient was not sent yet; the end of an event only after its beginning was sent.

    A message that still waits says by itself that its event is over.
    """
    items = OutboxItem.objects.filter(recipient=recipient, event__in=[event for event, _ in pairs])
    said = set(items.values_list("event_id", "says_resolved"))
    sent = set(items.filter(message__state=OutboxMessage.SENT).values_list("event_id", flat=True))
    return [
        (event, says_resolved)
        for event, says_resolved in pairs
        if (event.id, says_resolved) not in said and (not says_resolved or event.id in sent)
    ]


def _put(recipient: uuid.UUID, name: str, way: str, pairs: Sequence[Pair], now: datetime) -> None:
    of = {"team_id": recipient} if way == OutboxMessage.WEBHOOK else {"user_id": recipient}
    message = OutboxMessage.objects.create(way=way, created_at=now, next_try_at=now, **of)
    OutboxItem.objects.bulk_create(
        [OutboxItem(message=message, event=e, recipient=name, says_resolved=over) for e, over in pairs]
    )
