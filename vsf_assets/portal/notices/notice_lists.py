"""The notices of an account: which are on its pages, which it has read, and marking them.

Here: the queries. An account reads the notices of its teams as long as the grants last. Not here: the pages
(notice_views.py), and the API's route (api/notice_routes.py).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.db import connection, transaction
from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.accounts.rights import READ, AccountRights
from vsf_assets.portal.notices.models import NoticeEvent, NoticeReader, ReadNotice, TeamNotice
from vsf_assets.portal.notices.recipients import knows, on_pages_of

MOST_COUNTED = 100
"""Unread notices that the header counts."""

PAGE = 50


def notices_of(rights: AccountRights) -> "QuerySet[NoticeEvent]":
    """Return the notices on the pages of the account's teams, the newest first."""
    own = TeamNotice.objects.filter(on_pages_of(rights), event=OuterRef("pk"))
    return NoticeEvent.objects.filter(Exists(own)).order_by("-id")


def notice_of(rights: AccountRights, notice_id: uuid.UUID) -> NoticeEvent | None:
    """Return a notice that the account may know of, also one that came by mail or webhook alone; None otherwise."""
    found = NoticeEvent.objects.filter(pk=notice_id).first()
    return found if found is not None and knows(rights, found) else None


def read_until(user: User) -> datetime:
    """Return until when an account has read everything; a new account has nothing to catch up on."""
    reader = NoticeReader.objects.filter(user=user).first()
    return reader.read_until if reader is not None else user.date_joined


def unread(user: User) -> "QuerySet[NoticeEvent]":
    """Return the notices that an account has not read."""
    return _unread(user.pk, user.date_joined, user.account_rights)


def _unread(user_id: uuid.UUID, joined: datetime, rights: AccountRights) -> "QuerySet[NoticeEvent]":
    read = ReadNotice.objects.filter(user=user_id, event=OuterRef("pk"))
    until = Subquery(NoticeReader.objects.filter(user=user_id).values("read_until"))
    since = Coalesce(until, Value(joined, output_field=DateTimeField()))
    return notices_of(rights).filter(~Exists(read), found_at__gt=since)


def unread_count(user: User) -> int:
    """Return how many notices an account has not read, at most MOST_COUNTED."""
    if not any(READ in found.rights for found in user.account_rights.teams):
        return 0
    statement, values = _count_statement(user.pk, user.date_joined, user.account_rights)
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from ({statement}) unread", values)  # noqa: S608 - made by Django
        return int(cursor.fetchone()[0])


@lru_cache(maxsize=1000)
def _count_statement(user_id: uuid.UUID, joined: datetime, rights: AccountRights) -> tuple[str, tuple[object, ...]]:
    """Return the query for the notices that an account has not read, as SQL and values.

    Every page counts them, and Django takes ten times as long to make the statement as the database to answer it.
    """
    found = _unread(user_id, joined, rights).order_by().values("pk")[:MOST_COUNTED]
    statement, values = found.query.get_compiler(connection=connection).as_sql()
    return statement, tuple(values)


def unread_ids(user: User, shown: Sequence[NoticeEvent]) -> set[uuid.UUID]:
    """Return which of some notices the account has not read."""
    return set(unread(user).filter(pk__in=[event.pk for event in shown]).values_list("pk", flat=True))


def mark_read(user: User, event: NoticeEvent) -> None:
    """Mark one notice as read."""
    ReadNotice.objects.get_or_create(user=user, event=event)


@transaction.atomic
def mark_all_read(user: User, until: datetime | None = None) -> None:
    """Mark every notice as read that was found until a time."""
    at = min(until or timezone.now(), timezone.now())
    NoticeReader.objects.update_or_create(user=user, defaults={"read_until": max(at, read_until(user))})
    ReadNotice.objects.filter(user=user, event__found_at__lte=at).delete()
