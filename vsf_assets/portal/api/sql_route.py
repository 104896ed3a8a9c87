"""The address that answers SQL: who may ask it, on which snapshot, and in which form the answer comes.

Here: `POST /api/v1/sql`. Not here: the confined process that runs it (portal/sql).

A query reads the whole snapshot, so it is answered only to those who may read and export every feed and see personal
data. A snapshot can be named by its number, so that a question can be asked again of the same data.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError

from vsf_assets.common.errors import VsfError
from vsf_assets.config.portal_settings import SQL_NO, SQL_UNCONFINED
from vsf_assets.portal.api.authentication import access_of
from vsf_assets.portal.api.list_answers import json_answer
from vsf_assets.portal.shared.open_pool import SNAPSHOT_HEADER, asker_of
from vsf_assets.portal.shared.problems import problem
from vsf_assets.portal.sql.limits import SqlLimits
from vsf_assets.portal.sql.runner import SqlError, SqlRunner
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.snapshots.host_copy import lent_copy
from vsf_assets.snapshots.open_snapshot import COPIES
from vsf_assets.snapshots.pool import NoSnapshotError
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot

_log = logging.getLogger("vsf.portal.sql")

_MB = 10**6
_STATUSES = {"refused": 400, "failed": 400, "time": 422, "too_large": 422, "ended": 422, "busy": 503, "sandbox": 503}

WHO = (
    "SQL reads every row of the snapshot, so it needs an account of the team platform that may export (analyst,"
    " engineer or admin) and see personal data; a token needs the scopes read, export and personal"
)


class SqlQuestion(Schema):
    """A query, and the number of the snapshot to ask; the current one if none is named."""

    sql: str
    snapshot: int | None = None


class SqlRows(Schema):
    """The answer: names and types of the columns, rows, whether more rows were cut off, and the snapshot's number."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    is_cut: bool
    snapshot: int


def add_sql(api: NinjaAPI) -> None:
    """Add the address to the API."""

    @api.post("/sql", response=SqlRows, summary="Ask SQL of a snapshot.", tags=["sql"])
    def sql(request: HttpRequest, question: SqlQuestion) -> HttpResponse:
        if settings.VSF_PORTAL.sql == SQL_NO:
            return problem(403, "SQL is switched off here (VSF_PORTAL_SQL=no)")
        reading = access_of(request)
        access = reading.for_export()
        if not (reading.reads_all_feeds and access.reads_all_feeds and access.may_see_personal):
            return problem(403, WHO)
        number, file = _snapshot(question.snapshot)
        try:
            answer = runner().run(file, question.sql, limits(), asker_of(request))
        except SqlError as error:
            return problem(_STATUSES[error.kind], str(error), reason=error.kind)
        response = json_answer(
            {
                "columns": [name for name, _ in answer.columns],
                "types": [kind for _, kind in answer.columns],
                "rows": answer.rows,
                "is_cut": answer.is_cut,
                "snapshot": number,
            }
        )
        response[SNAPSHOT_HEADER] = str(number)
        return response


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


def _snapshot(wanted: int | None) -> tuple[int, Path | AbstractContextManager[Path]]:
    """Return the number of a snapshot, and its file or a block that fetches it from its bucket.

    Raises:
        HttpError: the snapshot of this number is gone.
        NoSnapshotError: nothing was published, or the bucket does not answer.
    """
    try:
        published = published_snapshots(settings.VSF)
    except (OSError, VsfError) as error:
        raise _unavailable(error) from error
    if not published:
        raise NoSnapshotError("there is no snapshot yet; land files and run: vsf run")
    newest = max(published)
    number = newest if wanted is None else wanted
    found = published.get(number)
    if found is None:
        raise HttpError(410, f"snapshot {number} is not there; the current one is {newest}, ask that one")
    return number, _fetched(found, is_current=number == newest) if isinstance(found, StoredSnapshot) else found


@contextmanager
def _fetched(snapshot: StoredSnapshot, is_current: bool) -> Iterator[Path]:
    """Give a copy of a snapshot for a block: of the current one that which pages read, of another one its own.

    Raises:
        NoSnapshotError: it cannot be fetched.
    """
    folder = settings.VSF.home / "portal" / COPIES
    with ExitStack() as stack:
        try:
            file = stack.enter_context(lent_copy(snapshot, folder if is_current else folder / "earlier"))
        except (OSError, VsfError) as error:
            raise _unavailable(error) from error
        yield file


def _unavailable(error: Exception) -> NoSnapshotError:
    _log.error("SQL cannot read the bucket of snapshots: %s", error)
    return NoSnapshotError("the snapshot cannot be fetched at the moment; try again later")
