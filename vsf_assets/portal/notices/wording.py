"""The sentences of a notice, and its form for programs.

Here: one title and one explanation per event, made of names of feeds, days, numbers and names of checks alone. Not
here: the letter (mails.py) and the call (webhook_call.py) that carry them.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from vsf_assets.portal.accounts.rights import DELIVER, RAW, READ, AccountRights
from vsf_assets.portal.notices.kinds import BUILD, KINDS, MASKED, MISSING, SILENT, UNREADABLE, VOLUME, WORSE
from vsf_assets.portal.notices.models import NoticeEvent


@dataclass(frozen=True)
class ShownNotice:
    """A notice on a page of a reader with some rights; `is_new` is whether the reader has not read it."""

    event: NoticeEvent
    is_new: bool
    rights: AccountRights

    @property
    def name(self) -> str:
        """The name of its kind."""
        return KINDS[self.event.kind][0]

    @property
    def title(self) -> str:
        """What happened."""
        return title(self.event)

    @property
    def advice(self) -> str:
        """What to do."""
        return advice(self.event)

    @property
    def resolution(self) -> str:
        """How it ended; empty if it has not."""
        return resolution(self.event)

    @property
    def place(self) -> str:
        """Where a page shows what it is about."""
        return place(self.event, self.rights)


def title(event: NoticeEvent) -> str:
    """Return what happened."""
    of = _partition(event.partition)
    if event.kind == UNREADABLE:
        return f"A delivery of {event.feed}{of} is unreadable"
    if event.kind == WORSE:
        share, usual = event.details["share"], event.details["usual_share"]
        return f"A delivery of {event.feed}{of} is worse than usual: {share:.1%} held back, usually {usual:.1%}"
    if event.kind == MISSING:
        days = (event.last_day - event.first_day).days + 1
        if days == 1:
            return f"{event.feed} misses the day {event.first_day}"
        return f"{event.feed} misses {days} days, {event.first_day} to {event.last_day}"
    if event.kind == VOLUME:
        observed, expected = event.details["observed"], event.details["expected"]
        word = "more" if observed > expected else "fewer"
        return f"{event.feed} has far {word} events than usual{of}: {observed:,}, expected {expected:,.0f}"
    if event.kind == BUILD:
        checks = event.details.get("checks", [])
        return f"The data was not published{': ' + ', '.join(checks) if checks else ', because a build failed'}"
    if event.kind == MASKED:
        return "The masked copy of a snapshot cannot be made"
    return "Automation is silent: nothing is loaded by itself"


def _partition(key: str) -> str:
    """Return a partition in words: a quarter of the hour, a day, or nothing."""
    return f" in quarter {key}" if key.isdecimal() else f" for {key}" if key else ""


def advice(event: NoticeEvent) -> str:
    """Return what it means, and what to do."""
    if event.kind == UNREADABLE:
        return "Nothing of the file was loaded. Deliver a mended file under the same name."
    if event.kind == WORSE:
        bad, rows = event.details["rows_held_back"], event.details["rows_read"]
        return f"{bad:,} of {rows:,} rows were held back. The anomalies of the delivery say why; the others are loaded."
    if event.kind == MISSING:
        return "Deliver the day, or ask its sender."
    if event.kind == VOLUME:
        return "The day may be incomplete, or delivered twice. Compare it with its sender."
    if event.kind == BUILD:
        return "New deliveries wait, and every page shows the snapshot before. People who run the platform see why."
    if event.kind == MASKED:
        return "SQL without personal data reads an older copy. It is tried again every minute; Status says why."
    if event.kind == SILENT and not event.details.get("service_runs", True):
        return "The service has ended. Start it again: vsf serve."
    return "The service restarts what hangs; if this lasts, restart the service."


def resolution(event: NoticeEvent) -> str:
    """Return how an event ended; empty if it has not."""
    if event.resolved_at is None:
        return ""
    if event.kind == UNREADABLE:
        return "A mended file was loaded."
    if event.kind == WORSE:
        return "A better file was loaded, or the usual has changed."
    if event.kind == MISSING:
        return "The day was delivered." if event.first_day == event.last_day else "The days were delivered."
    if event.kind == VOLUME:
        return "The volume is within the usual again."
    if event.kind == BUILD:
        return f"Published in snapshot {event.snapshot}." if event.snapshot else "Published."
    if event.kind == MASKED:
        return "A masked copy was made."
    return "Automation works again."


def address(event: NoticeEvent) -> str:
    """Return the address of the notice's page, for people elsewhere."""
    return f"{settings.VSF_PORTAL.shown_url}/notices/{event.id}/"


def place(event: NoticeEvent, rights: AccountRights) -> str:
    """Return where a page shows a reader what the event is about: the receipt only to those who may see it."""
    if event.delivery is not None and event.team_id is not None and _sees_receipt(event.team_id, rights):
        with suppress(NoReverseMatch):  # a portal without pages of receipts shows the row
            return reverse("receipt", args=[event.delivery])
    if event.sha256:
        return f"/data/reports/files/?{urlencode({'feed': event.feed, 'sha256': event.sha256})}"
    if event.kind == VOLUME:
        return f"/data/reports/files/?{urlencode({'feed': event.feed, 'partition_key': event.partition})}"
    return f"/status/?{urlencode({'until': str(event.last_day)})}" if event.kind == MISSING else "/status/"


def _sees_receipt(team: uuid.UUID, rights: AccountRights) -> bool:
    """Whether a reader may see the receipts of a team's deliveries; they end with their team."""
    return rights.may_on_platform(RAW) or any(rights.may(right, team) for right in (READ, DELIVER))


def as_json(event: NoticeEvent) -> dict[str, Any]:
    """Return an event for programs, without personal values and without free text."""
    return {
        "id": str(event.id),
        "kind": event.kind,
        "title": title(event),
        "feed": event.feed or None,
        "partition": event.partition or None,
        "first_day": str(event.first_day) if event.first_day else None,
        "last_day": str(event.last_day) if event.last_day else None,
        "snapshot": event.snapshot,
        "details": event.details,
        "happened_at": _clock(event.happened_at),
        "found_at": _clock(event.found_at),
        "resolved_at": _clock(event.resolved_at),
        "url": address(event),
    }


def _clock(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
