"""The address that answers SQL: who may ask it, on which snapshot, and in which form the answer comes.

Here: `POST /api/v1/sql`. Not here: who asks which file (data/queried_snapshot.py), and the confined process
that runs it (portal/sql).

A query reads a whole file, so it is answered only to those who may read and export every feed. A snapshot can be named
by its number, so that a question can be asked again of the same data.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema

from vsf_assets.config.portal_settings import SQL_NO
from vsf_assets.portal.api.authentication import access_of, has_ended
from vsf_assets.portal.api.list_answers import json_answer
from vsf_assets.portal.data.queried_snapshot import queried_snapshot
from vsf_assets.portal.questions.running import STATUSES, ask, asker
from vsf_assets.portal.shared.open_pool import SNAPSHOT_HEADER
from vsf_assets.portal.shared.problems import SIGN_IN, problem
from vsf_assets.portal.sql.runner import SqlError


class SqlQuestion(Schema):
    """A query, and the number of the snapshot to ask; the current one if none is named."""

    sql: str
    snapshot: int | None = None


class SqlRows(Schema):
    """The answer: names and types of the columns, rows, whether more rows were cut off, and the snapshot's number.

    Whether pseudonyms stand in place of personal values, and what to know about the snapshot, stand beside.
    """

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    is_cut: bool
    snapshot: int
    is_masked: bool
    note: str


def add_sql(api: NinjaAPI) -> None:
    """Add the address to the API."""

    @api.post("/sql", response=SqlRows, summary="Ask SQL of a snapshot.", tags=["sql"])
    def sql(request: HttpRequest, question: SqlQuestion) -> HttpResponse:
        if settings.VSF_PORTAL.sql == SQL_NO:
            return problem(403, "SQL is switched off here (VSF_PORTAL_SQL=no)")
        queried = queried_snapshot(access_of(request), question.snapshot)
        try:
            answer = ask(queried, question.sql, asker(request))
        except SqlError as error:
            return sql_problem(error)
        if has_ended(request):
            return problem(401, SIGN_IN)
        response = json_answer(
            {
                "columns": [name for name, _ in answer.columns],
                "types": [kind for _, kind in answer.columns],
                "rows": answer.rows,
                "is_cut": answer.is_cut,
                "snapshot": queried.number,
                "is_masked": queried.is_masked,
                "note": queried.note,
            }
        )
        response[SNAPSHOT_HEADER] = str(queried.number)
        return response


def sql_problem(error: SqlError) -> HttpResponse:
    """Return the problem of a query that gave no rows: the reason, and line and column where they are known."""
    place = {"line": error.place.line, "column": error.place.column} if error.place else {}
    return problem(STATUSES[error.kind], str(error), reason=error.kind, **place)
