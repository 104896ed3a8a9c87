"""Turns findings into events, each once.

Here: which findings are news, and which events are over. The caller holds the watcher's lease and a transaction; the
keys are unique in the database too. Not here: the findings, and who receives an event (fill_outbox.py).

A day that is part of an event belongs to it for ever. Missing days that follow an open event prolong it, and all others
become events of their own; so a feed that stops is one event, and a day that is delivered into a gap makes no new one.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.notices.kinds import MISSING
from vsf_assets.portal.notices.models import NoticeEvent
from vsf_assets.portal.notices.snapshot_findings import Finding
from vsf_assets.portal.shared.landing_times import CLOCKS_DIFFER, nearest

OLDEST = timedelta(days=90)
"""What happened earlier is no news, also for a portal that was off; so old rows can be removed."""

DELIVERIES = "deliveries"
"""What a team delivered by the portal; a portal may be without such a table."""

MOST_EVENTS = 1_000
"""New events of one pass; the next pass finds the others."""


@dataclass
class Changes:
    """What a pass changed: new events, and events that are over now and were not new."""

    new: list[NoticeEvent] = field(default_factory=list)
    over: list[NoticeEvent] = field(default_factory=list)


def open_key(kind: str) -> str:
    """Return the key of the newest event of a kind that is not over; empty if there is none."""
    rows = NoticeEvent.objects.filter(kind=kind, resolved_at=None).order_by("-id")
    return rows.values_list("key", flat=True).first() or ""


def record_findings(
    findings: Sequence[Finding],
    news_since: datetime,
    now: datetime,
    complete: Collection[str] = (),
    delivered: Mapping[str, Collection[date]] | None = None,
) -> Changes:
    """Record findings, and return what changed.

    Args:
        findings: of any kind.
        news_since: what happened before is no news.
        now: UTC.
        complete: kinds of which every current finding is given: their open events without one are over.
        delivered: feed -> its delivered days, if missing days are given.
    """
    changes, oldest = Changes(), max(news_since, now - OLDEST)
    others = [finding for finding in findings if finding.kind != MISSING]
    if delivered is not None:
        others += _new_gaps([finding for finding in findings if finding.kind == MISSING])
        _close_delivered(delivered, now, changes)
    known = {event.key: event for event in _known([finding.key for finding in others])}
    for finding in others:
        event = known.get(finding.key)
        if event is not None:
            _update(event, finding, now, changes)
        elif finding.happened_at and finding.happened_at >= oldest and len(changes.new) < MOST_EVENTS:
            changes.new.append(_create(finding, finding.happened_at, now))
    current = {finding.key for finding in others}
    for event in NoticeEvent.objects.filter(kind__in=set(complete) - {MISSING}, resolved_at=None):
        if event.key not in current:
            _close(event, now, changes)
    return changes


def _known(keys: Sequence[str]) -> Iterator[NoticeEvent]:
    for start in range(0, len(keys), 500):
        yield from NoticeEvent.objects.filter(key__in=keys[start : start + 500])


def _new_gaps(gaps: Iterable[Finding]) -> Iterator[Finding]:
    """Yield a finding per row of missing days that no event has; those that follow an open event prolong it."""
    events: dict[str, list[NoticeEvent]] = {}
    for event in NoticeEvent.objects.filter(kind=MISSING):
        events.setdefault(event.feed, []).append(event)
    for gap in gaps:
        own = events.get(gap.feed, [])
        covered = {day for event in own for day in _span(event)}
        for first, last in _runs(day for day in _days(gap.first_day, gap.last_day) if day not in covered):
            earlier = [e for e in own if e.resolved_at is None and e.last_day == first - timedelta(days=1)]
            if earlier and earlier[0].last_day >= gap.first_day:  # its last day is missing too
                earlier[0].last_day = last
                earlier[0].save(update_fields=["last_day"])
            else:
                yield replace(gap, key=f"{MISSING}:{gap.feed}:{first}", first_day=first, last_day=last)


def _close_delivered(delivered: Mapping[str, Collection[date]], now: datetime, changes: Changes) -> None:
    """End the events whose missing days were all delivered."""
    for event in NoticeEvent.objects.filter(kind=MISSING, resolved_at=None):
        if event.feed in delivered and set(_span(event)) <= set(delivered[event.feed]):
            _close(event, now, changes)


def _runs(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return days as pairs of the first and the last of each row without a gap."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] == day - timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _days(first: date | None, last: date | None) -> Iterator[date]:
    if first is not None and last is not None:
        yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def _span(event: NoticeEvent) -> Iterator[date]:
    return _days(event.first_day, event.last_day)


def _create(finding: Finding, happened_at: datetime, now: datetime) -> NoticeEvent:
    return NoticeEvent.objects.create(
        key=finding.key,
        kind=finding.kind,
        feed=finding.feed,
        partition=finding.partition,
        first_day=finding.first_day,
        last_day=finding.last_day,
        sha256=finding.sha256,
        snapshot=finding.snapshot,
        details=finding.details,
        happened_at=happened_at,
        found_at=now,
        resolved_at=(finding.over_at or now) if finding.is_over else None,
        **_sender(finding),
    )


def _sender(finding: Finding) -> dict[str, uuid.UUID]:
    """Return the delivery by the portal that a finding is about, and its team; empty where it landed by another way."""
    if not finding.sha256 or finding.landed_at is None or not hasattr(Team, DELIVERIES):
        return {}
    at = finding.landed_at
    same = Team.objects.filter(
        deliveries__feed=finding.feed,
        deliveries__sha256=finding.sha256,
        deliveries__landed_at__range=(at - CLOCKS_DIFFER, at + CLOCKS_DIFFER),
    )
    rows = same.order_by("deliveries__id").values_list("id", "deliveries__id", "deliveries__landed_at")
    found = nearest(rows, at, lambda row: row[2])
    return {"team_id": found[0], "delivery": found[1]} if found else {}


def _update(event: NoticeEvent, finding: Finding, now: datetime, changes: Changes) -> None:
    """Bring an event up to date; what it was when it was sent stays but for its numbers and its end."""
    if finding.is_over:
        if event.resolved_at is None:
            event.snapshot = finding.snapshot or event.snapshot
            _close(event, finding.over_at or now, changes)
        return
    details = finding.details or event.details
    if event.resolved_at is not None or details != event.details:
        event.resolved_at, event.details = None, details
        event.save(update_fields=["resolved_at", "details"])


def _close(event: NoticeEvent, at: datetime, changes: Changes) -> None:
    event.resolved_at = at
    event.save(update_fields=["resolved_at", "snapshot"])
    changes.over.append(event)
