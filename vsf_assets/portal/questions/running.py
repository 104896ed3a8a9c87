"""Runs SQL for an account: on the snapshot that it may ask, within the limits of the settings.

Here: the runner of this process, and one function that asks. Not here: which snapshot (data/queried_snapshot.py), and
the confined process (portal/sql).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.conf import settings

from vsf_assets.config.portal_settings import SQL_UNCONFINED
from vsf_assets.portal.data.queried_snapshot import QueriedSnapshot
from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.portal.shared.open_pool import asker_of
from vsf_assets.portal.sql.bound_values import Bound
from vsf_assets.portal.sql.limits import SqlLimits
from vsf_assets.portal.sql.runner import SqlAnswer, SqlRunner

_MB = 10**6

STATUSES = {
    "refused": 400,
    "failed": 400,
    "time": 422,
    "too_large": 422,
    "ended": 422,
    "stopped": 422,
    "busy": 503,
    "sandbox": 503,
}
"""Kind of an SqlError -> status of the answer."""


@dataclass(frozen=True)
class Asker:
    """Who asks: the account's id, whose queries run one after the other, and whether its client has left."""

    account: str
    left: ClientLeft | None = None


def asker(request: Any) -> Asker:
    """Return who asks by a request."""
    return Asker(asker_of(request), request.META.get(ClientLeft.KEY))


@cache
def runner() -> SqlRunner:
    """Return the runner of this process."""
    return SqlRunner()


def limits() -> SqlLimits:
    """Return the limits that the settings give a query."""
    portal = settings.VSF_PORTAL
    return SqlLimits(
        seconds=portal.sql_seconds,
        memory_mb=max(16, portal.sql_memory // _MB),
        rows=portal.sql_rows,
        needs_landlock=portal.sql != SQL_UNCONFINED,
    )


def ask(
    snapshot: QueriedSnapshot, sql: str, who: Asker, bound: Mapping[str, Bound] | None = None, rows: int | None = None
) -> SqlAnswer:
    """Return the answer to a query.

    Args:
        snapshot: what is asked.
        sql: the query.
        who: who asks.
        bound: values of the parameters in the query.
        rows: rows of the answer, if fewer than the settings allow are enough.

    Raises:
        SqlError: the query gave no rows.
    """
    allowed = limits()
    if rows is not None:
        allowed = replace(allowed, rows=min(rows, allowed.rows))
    return runner().run(snapshot.file, sql, allowed, who.account, bound, who.left)
