"""The leases by which one watcher scans, of all portals that share a database, and the mark where news begin.

Here: taking, checking and giving back a lease, by the database's clock, so that clocks of hosts may differ. Not here:
the watcher (watcher.py).
"""

import uuid
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from vsf_assets.portal.notices.models import WatchLease

LEASE = timedelta(seconds=30)
"""How long another watcher waits for one that has ended without a word."""


def database_now() -> datetime:
    """Return the time of the database, UTC."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)


def begin_news() -> None:
    """Mark where news begin: the first start of a portal with notices. What was before is never sent."""
    now = database_now()
    for part in (WatchLease.SNAPSHOTS, WatchLease.RUNS):
        WatchLease.objects.get_or_create(id=part, defaults={"news_since": now})


def hold(part: int, holder: uuid.UUID) -> WatchLease | None:
    """Take the lease of a part, or prolong it; return it, or None if another watcher has it."""
    now = database_now()
    held = WatchLease.objects.filter(id=part, holder=holder, until__gt=now + LEASE / 2).first()
    if held is not None:
        return held
    free = Q(holder=None) | Q(holder=holder) | Q(until__lt=now)
    if not WatchLease.objects.filter(free, id=part).update(holder=holder, until=now + LEASE):
        return None
    return WatchLease.objects.get(id=part)


def still_held(part: int, holder: uuid.UUID) -> bool:
    """Whether the lease is still held, and stays so until the end of the transaction that this is called in."""
    return WatchLease.objects.select_for_update().filter(id=part, holder=holder).exists()


def release(holder: uuid.UUID) -> None:
    """Give the leases back, so that another watcher begins at once."""
    WatchLease.objects.filter(holder=holder).update(holder=None, until=None)
