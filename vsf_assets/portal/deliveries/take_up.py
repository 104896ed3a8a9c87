"""Takes up what the fast layer has written down, and ends uploads that did not arrive in time.

Here: records of uploads become states of deliveries. It happens when an upload ends (`on_end`, before its sender gets
an answer), and every few seconds for what a kill left; reading pages changes nothing. Not here: the records
(fast/upload_folder.py).
"""

import logging
import time
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import Q
from django.utils import timezone

from vsf_assets.portal.audit.models import record as audit
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.still_allowed import why_not
from vsf_assets.portal.fast.naming import LandingNames, log_once
from vsf_assets.portal.fast.upload_folder import COMPLETE, LANDED, REFUSED, UploadFolder, UploadRecord, is_locked

KEPT_SECONDS = 2 * 86_400.0
"""Time after which what no delivery waits for is removed; tickets have run out a day before."""

CLEAN_EVERY = 300.0
"""Seconds between two removals of old parts by one process."""

EVERY_SECONDS = 10.0

RESTED_SECONDS = 60.0
"""Seconds after which a complete upload without a name is taken for left behind; until then its request may go on."""

_cleaned = [0.0]
_log = logging.getLogger("vsf.portal.deliveries")


def take_up(uploads: Collection[uuid.UUID] | None = None) -> int:
    """Bring the states of unfinished deliveries up to date; return how many changed.

    Args:
        uploads: ids of the deliveries; None for all, and then what is too old goes as well.
    """
    folder = UploadFolder.of(settings.VSF)
    names = LandingNames(settings.VSF, folder, why_not)
    since = timezone.now() - timedelta(seconds=KEPT_SECONDS)
    wanted = Delivery.objects.filter(
        Q(state=Delivery.SENDING) | Q(state__in=(Delivery.CANCELED, Delivery.EXPIRED), created_at__gt=since)
    )
    changed = 0
    for delivery in wanted if uploads is None else wanted.filter(pk__in=uploads):
        try:
            changed += _bring_up_to_date(delivery, folder, names)
        except OSError as error:  # a folder or a bucket that refuses one file; others go on
            log_once(delivery.id, error)
    if uploads is None:
        _clean(folder)
    return changed


def _bring_up_to_date(delivery: Delivery, folder: UploadFolder, names: LandingNames) -> bool:
    """Give a complete upload its name, end one whose time is over, and store what became of it.

    Raises:
        OSError: the landing zone cannot be written to, and the time of the upload is not over, or nothing tells whether
            it has its name already.
    """
    record = folder.record(delivery.id)
    if delivery.state != Delivery.SENDING:  # given up on another host, in the moment in which it landed
        return record is not None and record.state == LANDED and _take_up(delivery, record)
    is_over = delivery.expires_at < timezone.now() and not is_locked(folder.part(delivery.id))
    if record is not None and record.state == COMPLETE:
        try:  # a process was killed before it did, or this one looks in between; the last try takes as long as it takes
            record = names.finish(record) if is_over else names.give(record)
        except OSError as error:
            if not is_over:
                raise
            log_once(delivery.id, error)
    if record is not None and record.state != COMPLETE:
        return _take_up(delivery, record)
    if is_over and names.forget(delivery.id):
        return _end(delivery, Delivery.EXPIRED, "it did not arrive within 24 hours; send it again", "expired")
    return False


def on_end(uploads: Collection[uuid.UUID]) -> None:
    """Take up uploads that have just ended; if the database is away, `keep_taking_up` does it later."""
    try:
        close_old_connections()
        take_up(uploads)
    except DatabaseError as error:
        _log.error("uploads that ended are taken up later", exc_info=error)


def keep_taking_up() -> None:
    """Take up, every few seconds, what a kill left, and end what did not arrive in time; does not return."""
    while True:
        try:
            close_old_connections()
            take_up()
            LandingNames(settings.VSF, UploadFolder.of(settings.VSF), why_not).go_on(RESTED_SECONDS)
        except (DatabaseError, OSError) as error:
            _log.error("uploads are taken up later", exc_info=error)
        time.sleep(EVERY_SECONDS)


def cancel(delivery: Delivery, actor: uuid.UUID | None) -> bool:
    """End an unfinished upload, and those of its group, and remove their parts; return whether it was unfinished."""
    folder = UploadFolder.of(settings.VSF)
    reason = "its sender canceled it"
    group: tuple[uuid.UUID, ...] = ()
    if delivery.group is not None:
        group = tuple(Delivery.objects.filter(group=delivery.group).values_list("id", flat=True))
    record = UploadRecord(
        delivery.id, REFUSED, delivery.path, 0, "", 0, delivery.expires_at.timestamp(), group, status=409, reason=reason
    )
    was_unfinished = LandingNames(settings.VSF, folder).cancel(record) and _end(
        delivery, Delivery.CANCELED, reason, "canceled", actor
    )
    take_up(group or [delivery.id])
    return was_unfinished


@transaction.atomic
def _take_up(delivery: Delivery, record: UploadRecord) -> bool:
    """Store what a record says, unless another process has just done so."""
    if record.state == REFUSED:
        return _end(delivery, Delivery.REFUSED, record.reason, "refused")
    landed_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=record.modified_ns // 1000)
    values = {"state": Delivery.LANDED, "sha256": record.sha256, "size": record.size, "landed_at": landed_at}
    open_or_ended = (Delivery.SENDING, Delivery.CANCELED, Delivery.EXPIRED)  # what has landed is there, whatever came
    if not Delivery.objects.filter(pk=delivery.pk, state__in=open_or_ended).update(**values, reason=""):
        return False
    audit("delivery.landed", delivery.account_id, delivery.id, delivery.team_id, sha256=record.sha256)
    return True


@transaction.atomic
def _end(delivery: Delivery, state: str, reason: str, word: str, actor: uuid.UUID | None = None) -> bool:
    unfinished = Delivery.objects.filter(pk=delivery.pk, state=Delivery.SENDING)
    if not unfinished.update(state=state, reason=reason):
        return False
    audit(f"delivery.{word}", actor, delivery.id, delivery.team_id)
    return True


def _clean(folder: UploadFolder) -> None:
    """Remove old parts, and records that have done their service, from time to time."""
    now = time.monotonic()
    if now - _cleaned[0] < CLEAN_EVERY and _cleaned[0]:
        return
    _cleaned[0] = now
    folder.remove_old(time.time() - KEPT_SECONDS)
