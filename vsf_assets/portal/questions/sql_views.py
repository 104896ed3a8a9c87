"""The SQL page: an editor, the tables, examples, the result, and the history of the account.

Here: what the page shows and runs. A query runs when its form is sent, never when an address is opened: a link must not
start work for somebody who only followed it. Not here: the run itself (running.py), and saved questions
(question_views.py).
"""

import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.queried_snapshot import QueriedSnapshot, queried_snapshot
from vsf_assets.portal.data.table_catalog import SCHEMAS, ShownTable, catalog_of
from vsf_assets.portal.questions.answers import file_of
from vsf_assets.portal.questions.history import DAYS, MOST, history_of, write_down
from vsf_assets.portal.questions.models import RanQuery
from vsf_assets.portal.questions.question_rights import teams_of_writer, why_no_sql
from vsf_assets.portal.questions.result_files import FORMATS
from vsf_assets.portal.questions.result_table import ROWS, ResultTable, result_table
from vsf_assets.portal.questions.running import STATUSES, ask, asker, limits
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import SnapshotGoneError, status_of
from vsf_assets.portal.sql.limits import LONGEST_SQL
from vsf_assets.portal.sql.runner import SqlAnswer, SqlError
from vsf_assets.ready_questions.question_files import ReadyQuestion, ready_questions
from vsf_assets.snapshots.pool import NoSnapshotError

LAST = 8
"""Queries of the history that the page itself shows."""

LONGEST_LINK = 6000
"""Characters of a query's link; servers between refuse longer addresses."""


LONGEST_SHOWN = 1000
"""Characters of a query that the history reads; it shows fewer."""


@dataclass(frozen=True)
class Shown:
    """What the page shows beside the editor: the query, and what became of it."""

    sql: str = ""
    snapshot: QueriedSnapshot | None = None
    wanted: int | None = None
    result: ResultTable | None = None
    error: SqlError | None = None
    notice: str = ""
    status: int = 200


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def sql_page(request: HttpRequest) -> HttpResponseBase:
    """Show the editor with the query of the address, or run the query of the form."""
    if reason := why_no_sql(request.user.account_rights):
        return render(request, "questions/no_sql.html", {"reason": reason}, status=403)
    if request.method == "POST":
        return _run(request)
    sql, wanted = _of_address(request)
    access = Access(request.user.account_rights)
    try:
        snapshot = queried_snapshot(access, wanted)
    except (SnapshotGoneError, NoSnapshotError) as error:
        newest, status = _newest(access), 200
        if newest is None:
            status = status_of(error) or 500
        notice = _sentence(error)
        if newest and not newest.is_copy:  # a copy may be missing of a snapshot that is kept, which the error says
            notice = (
                f"Snapshot {wanted} is not kept any more. Run the query on the current one, snapshot {newest.number}."
            )
        return _page(request, Shown(sql, newest, notice=notice, status=status))
    return _page(request, Shown(sql, snapshot, wanted))


def _of_address(request: HttpRequest) -> tuple[str, int | None]:
    """Return the query of an address, and the number of the snapshot that it names."""
    if example := _example(request.GET.get("example", "")):
        return example.sql_with_defaults, None
    if ran := history_of(request.user).filter(pk__in=_ids(request.GET.get("ran", ""))).first():
        return ran.sql, ran.snapshot
    return request.GET.get("sql", "")[:LONGEST_SQL], _number(request.GET.get("snapshot", ""))


def _run(request: HttpRequest) -> HttpResponseBase:
    sql, wanted = request.POST.get("sql", "").replace("\r\n", "\n"), _number(request.POST.get("snapshot", ""))
    form = request.POST.get("download", "")
    access = Access(request.user.account_rights)
    try:
        snapshot = queried_snapshot(access, wanted)
    except (SnapshotGoneError, NoSnapshotError) as error:
        return _page(request, Shown(sql, _newest(access), notice=_sentence(error), status=status_of(error) or 500))
    began = time.monotonic()
    result: SqlAnswer | SqlError
    try:
        result = ask(snapshot, sql, asker(request), rows=None if form in FORMATS else ROWS)
    except SqlError as error:
        result = error
    write_down(request.user, sql, snapshot.number, time.monotonic() - began, result)
    if isinstance(result, SqlError):
        return _page(request, Shown(sql, snapshot, wanted, error=result, status=STATUSES[result.kind]))
    if form in FORMATS:
        return file_of(request, result, form, "query", snapshot)
    return _page(request, Shown(sql, snapshot, wanted, result_table(result)))


def _newest(access: Access) -> QueriedSnapshot | None:
    """Return the newest snapshot that may be asked; None while there is none, as before the first masked copy."""
    try:
        return queried_snapshot(access)
    except NoSnapshotError:
        return None


def _sentence(error: Exception) -> str:
    return f"{str(error)[0].upper()}{str(error)[1:]}."


def _page(request: HttpRequest, shown: Shown) -> HttpResponse:
    address = _address(shown.sql, shown.snapshot.number) if shown.snapshot and shown.sql else ""
    newest = f"{reverse('sql')}?{urlencode({'sql': shown.sql})}"
    context = {
        "shown": shown,
        "rows_of_page": ROWS,
        "rows_of_file": settings.VSF_PORTAL.sql_rows,
        "limits": limits(),
        "formats": list(FORMATS),
        "link": address if len(address) <= LONGEST_LINK else "",
        "newest_link": newest if len(newest) <= LONGEST_LINK else "",
        "tables": _tables(request),
        "examples": _examples(),
        "history": [(ran, _address_of(ran)) for ran in history_of(request.user)[:LAST]],
        "may_save": teams_of_writer(request.user.account_rights).exists(),
        "curl": _curl(),
    }
    response = render(request, "questions/sql.html", context, status=shown.status)
    response["Cache-Control"] = "private, no-store"
    return response


def _address(sql: str, snapshot: int) -> str:
    return f"{reverse('sql')}?{urlencode({'sql': sql, 'snapshot': snapshot})}"


def _address_of(ran: RanQuery) -> str:
    """Return the address of a query in the history: one that names it alone where the query is too long for a link."""
    address = _address(ran.sql, ran.snapshot) if len(ran.sql) <= LONGEST_LINK else ""
    return address if 0 < len(address) <= LONGEST_LINK else f"{reverse('sql')}?{urlencode({'ran': ran.id})}"


def _curl() -> str:
    return (
        f'curl -H "Authorization: Bearer $VSF_TOKEN" -H "Content-Type: application/json"'
        f' -d \'{{"sql": "from marts.dim_lines limit 10"}}\' {settings.VSF_PORTAL.shown_url}/api/v1/sql'
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _tables(request: HttpRequest) -> list[tuple[str, list[tuple[ShownTable, bool]]]]:
    """Return the tables by schema, and whether the account has a page of each, which explains its columns."""
    access = Access(request.user.account_rights)
    try:
        tables = catalog_of(request.snapshot()).values()  # type: ignore[attr-defined]
    except NoSnapshotError:  # the page says so, and keeps the query
        return []
    return [(schema, [(t, access.may_read(t)) for t in tables if t.schema == schema]) for schema in SCHEMAS]


def _example(name: str) -> ReadyQuestion | None:
    return next((question for question in ready_questions() if question.name == name), None)


def _examples() -> list[tuple[str, list[ReadyQuestion]]]:
    subjects = dict.fromkeys(question.subject for question in ready_questions())
    return [(subject, [q for q in ready_questions() if q.subject == subject]) for subject in subjects]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def history(request: HttpRequest) -> HttpResponseBase:
    """Show the own queries, or remove one of them or all."""
    own = history_of(request.user)
    if request.method == "POST":
        wanted = request.POST.get("ran", "")
        removed = own.all() if wanted == "all" else own.filter(pk__in=_ids(wanted))
        count = removed.delete()[0]
        messages.success(request, f"{count} {'query' if count == 1 else 'queries'} removed from your history.")
        return redirect("sql_history")
    lines = [(ran, _address_of(ran), visible(ran.sql[:LONGEST_SHOWN], keep="\n\t")) for ran in own]
    return render(request, "questions/history.html", {"lines": lines, "most": MOST, "days": DAYS})


def _ids(text: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text)]
    except ValueError:
        return []
