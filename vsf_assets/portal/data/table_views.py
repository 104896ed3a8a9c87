"""Pages of tables: the list of tables, a table's rows, one row with its links, and exports.

Here: what a request asks for, and the context of its page. Not here: the SQL (table_query.py), what may be seen
(masking.py), and the look of values (page_filters.py).
"""

import shlex
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.exports import FORMATS, export_file
from vsf_assets.portal.data.masking import is_replaced
from vsf_assets.portal.data.page_filters import lines_of_list
from vsf_assets.portal.data.row_links import RowLink, links_of_row
from vsf_assets.portal.data.table_catalog import SCHEMAS, ShownColumn, ShownTable, catalog_of
from vsf_assets.portal.data.table_query import (
    OPERATORS,
    Filter,
    ListRequest,
    Page,
    as_sql,
    count_rows,
    list_rows,
    parameters_of,
    read_request,
    rows_seen,
)
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.portal.shared.sent_files import send_file
from vsf_assets.snapshots.pool import QueryTooLargeError

ROW = "_row"
"""Parameter with the shown number of a row."""

_INTRODUCTIONS = {
    "marts": "Facts and dimensions: what questions are asked of.",
    "reports": "What was delivered, what became of it, and everything found wrong.",
    "raw": "Valid rows as they arrived, and the platform's own records.",
}


@dataclass(frozen=True)
class HeadCell:
    """The head of a column: the column, the address that sorts by it, and how it is sorted now."""

    column: ShownColumn
    sort_address: str
    sorted: str
    is_replaced: bool


@require_safe
@login_required
@explained
def tables(request: HttpRequest) -> HttpResponse:
    """Show the tables that the account may read, by schema."""
    access = Access(request.user.account_rights)
    found = access.readable(catalog_of(request.snapshot()))  # type: ignore[attr-defined]
    words = request.GET.get("_search", "").casefold()
    shown = [t for t in found.values() if words in f"{t.full_name} {t.description}".casefold()]
    counted = [(table, rows_seen(request.snapshot(), table, access)) for table in shown]  # type: ignore[attr-defined]
    groups = [(name, _INTRODUCTIONS[name], [pair for pair in counted if pair[0].schema == name]) for name in SCHEMAS]
    context = {"groups": [group for group in groups if group[2]], "total": len(shown), "search": words}
    return render(request, "data/tables.html", context)


@require_safe
@login_required
@explained
def table(request: HttpRequest, schema: str, name: str) -> HttpResponse:
    """Show a page of a table's rows."""
    shown, access = _table(request, schema, name)
    wanted = read_request(parameters_of(request.GET), shown, access)
    may_export = access.for_export().may_read(shown)
    same = {
        "query": urlencode(wanted.parameters),
        "may_export": may_export,
        "formats": list(FORMATS),
        "command": _command(shown, wanted),
        "curl": _curl(f"/api/v1/tables/{schema}/{name}", wanted.parameters),
    }
    try:
        page = list_rows(request.snapshot(), shown, access, wanted)  # type: ignore[attr-defined]
    except QueryTooLargeError as error:
        return render(request, "data/too_large.html", {"table": shown, "text": str(error), **same}, status=422)
    total = page.total
    if total is None:
        with suppress(QueryTooLargeError):
            total = count_rows(request.snapshot(), shown, access, wanted)  # type: ignore[attr-defined]
    context = {
        "table": shown,
        "all_rows": rows_seen(request.snapshot(), shown, access),  # type: ignore[attr-defined]
        "heads": [_head(column, wanted, access) for column in shown.columns],
        "lines": _lines(shown, page, request.snapshot().number),  # type: ignore[attr-defined]
        "total": total,
        "request_of_list": wanted,
        "filters": [(condition, _without(wanted, condition)) for condition in wanted.filters],
        "operators": [(code, words) for code, words in OPERATORS.items()],
        "next": _address([*wanted.parameters, ("_after", page.next)]) if page.next else "",
        "is_first": not wanted.after,
        "first": _address(wanted.parameters) or "?",
        "hidden": [parameter for parameter in wanted.parameters if parameter[0] != "_search"],
    }
    return render(request, "data/table.html", {**context, **same})


@require_safe
@login_required
@explained
def row(request: HttpRequest, schema: str, name: str) -> HttpResponse:
    """Show one row, found by its key or by its number in this snapshot, with links to and from other tables."""
    shown, access = _table(request, schema, name)
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    given = parameters_of(request.GET)
    if given and given[0][0] == ROW:
        page = _by_number(request, shown, access, given)
    else:
        wanted = read_request([*given, ("_limit", "2")], shown, access)
        if not wanted.filters:
            raise WrongParameterError("the address of a row names its key")
        page = list_rows(snapshot, shown, access, wanted)
    if not page.numbers:
        raise Http404
    values = dict(zip(page.rows.names, page.rows.rows[0], strict=True))
    links: list[RowLink] = links_of_row(snapshot, access, shown, values)
    fields = [(column, values[column.name], is_replaced(column, access)) for column in shown.columns]
    exact = ListRequest(
        tuple(Filter(column, "", str(values[column])) for column in shown.key if values[column] is not None)
    )
    context = {
        "table": shown,
        "fields": fields,
        "links_out": [link for link in links if link.is_out],
        "links_in": [link for link in links if not link.is_out],
        "title": _title(shown, values),
        "more": len(page.numbers) > 1,
        "receipt_address": _receipt_address(shown, values),
        "command": _command(shown, exact) if exact.filters else "",
        "curl": _curl(f"/api/v1/tables/{schema}/{name}", exact.parameters) if exact.filters else "",
    }
    return render(request, "data/row.html", context)


def _receipt_address(shown: ShownTable, values: dict[str, Any]) -> str:
    """Return the address that leads from a row of reports.files to the page of its file; empty for other tables."""
    if shown.full_name != "reports.files":
        return ""
    named = {name: values[name] for name in ("feed", "file_name", "sha256")}
    return f"/deliveries/files/?{urlencode({**named, 'landed_at': values['landed_at'].isoformat()})}"


def _by_number(request: HttpRequest, shown: ShownTable, access: Access, given: list[tuple[str, str]]) -> Page:
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    number, of = given[0][1], dict(given).get("_of", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 20 and int(number) < 2**62):
        raise Http404
    if of != str(snapshot.number):
        raise WrongParameterError(
            f"the row was counted in snapshot {of[:20] or '?'}, and this is snapshot {snapshot.number};"
            " find it again in the table"
        )
    return list_rows(snapshot, shown, access, ListRequest(limit=1, number=int(number)))


@require_safe
@login_required
@explained
def export(request: HttpRequest, schema: str, name: str, form: str) -> HttpResponseBase:
    """Send the rows of a table, filtered like its page, as a file."""
    shown, access = _table(request, schema, name)
    if form not in FORMATS:
        raise Http404
    if not access.for_export().may_read(shown):
        raise PermissionDenied
    wanted = read_request(parameters_of(request.GET), shown, access)
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    file = export_file(snapshot, shown, access.for_export(), wanted, form)
    return send_file(request, file, f"{name}-{snapshot.number}.{form}", FORMATS[form], remove_after=True)


def _table(request: HttpRequest, schema: str, name: str) -> tuple[ShownTable, Access]:
    """Return a table that the account may read.

    Raises:
        Http404: there is none of this name, or the account may not read it.
    """
    access = Access(request.user.account_rights)
    found = catalog_of(request.snapshot()).get(f"{schema}.{name}")  # type: ignore[attr-defined]
    if found is None or not access.may_read(found):
        raise Http404
    return found, access


def _head(column: ShownColumn, wanted: ListRequest, access: Access) -> HeadCell:
    replaced = is_replaced(column, access)
    is_here = wanted.sort == column.name
    sorted_as = ("descending" if wanted.is_descending else "ascending") if is_here else ""
    sort = f"-{column.name}" if is_here and not wanted.is_descending else column.name
    others = [parameter for parameter in wanted.parameters if parameter[0] != "_sort"]
    return HeadCell(column, "" if replaced else _address([*others, ("_sort", sort)]), sorted_as, replaced)


def _lines(shown: ShownTable, page: Page, snapshot: int) -> list[SafeString]:
    """Return the rows of a list, each with the address of its page."""
    line = lines_of_list(shown.columns)
    places = [page.rows.names.index(name) for name in shown.key]
    found = []
    for place, (number, values) in enumerate(zip(page.numbers, page.rows.rows, strict=True)):
        key = [(name, str(values[at])) for name, at in zip(shown.key, places, strict=True) if values[at] is not None]
        named = key if key and len(key) == len(shown.key) else [(ROW, str(number)), ("_of", str(snapshot))]
        found.append(line(place + 1, f"row/?{urlencode(named)}", values))
    return found


def _title(shown: ShownTable, values: dict[str, Any]) -> str:
    named = [f"{column} {values[column]}" for column in shown.key if values.get(column) is not None]
    return visible(", ".join(named)[:200]) or "A row"


def _without(wanted: ListRequest, condition: Filter) -> str:
    kept = tuple(other for other in wanted.filters if other != condition)
    return _address(ListRequest(kept, wanted.search, wanted.sort, wanted.is_descending, wanted.limit).parameters) or "?"


def _address(parameters: list[tuple[str, str]]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _command(shown: ShownTable, wanted: ListRequest) -> str:
    """Return the command that gives the same rows; invisible characters of a link must not deceive who copies it."""
    return visible(f"vsf query {shlex.quote(as_sql(shown, wanted))}")


def _curl(path: str, parameters: list[tuple[str, str]]) -> str:
    address = f"{settings.VSF_PORTAL.shown_url}{path}{_address(parameters)}"
    return f'curl -H "Authorization: Bearer $VSF_TOKEN" {shlex.quote(address)}'
