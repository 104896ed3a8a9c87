"""The queries that an account ran on the SQL page, for itself alone.

Here: writing one down, listing, removing, and how many are kept. Not here: the page (sql_views.py).
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.questions.models import RanQuery
from vsf_assets.portal.sql.limits import LONGEST_SQL
from vsf_assets.portal.sql.runner import SqlAnswer, SqlError

MOST, DAYS = 100, 90
"""Queries of an account that are kept, and for how many days."""

_LONGEST_ERROR = 300


def write_down(user: User, sql: str, snapshot: int, seconds: float, result: SqlAnswer | SqlError) -> RanQuery:
    """Keep a query that an account ran, and forget what is too old or too much."""
    error = result if isinstance(result, SqlError) else None
    answer = result if isinstance(result, SqlAnswer) else None
    ran = RanQuery.objects.create(
        user=user,
        sql=sql[:LONGEST_SQL].replace("\0", "\ufffd"),  # PostgreSQL takes no NUL
        snapshot=snapshot,
        ran_at=timezone.now(),
        seconds=seconds,
        rows=len(answer.rows) if answer else None,
        is_cut=answer is not None and answer.is_cut,
        error=str(error)[:_LONGEST_ERROR] if error else "",
    )
    own = history_of(user)
    own.filter(ran_at__lt=timezone.now() - timedelta(days=DAYS)).delete()
    last = own.values_list("pk", flat=True)[MOST - 1 : MOST].first()
    if last is not None:
        own.filter(pk__lt=last).delete()
    return ran


def history_of(user: User) -> "QuerySet[RanQuery]":
    """Return the queries of an account, the latest first."""
    return RanQuery.objects.filter(user=user).order_by("-id")
