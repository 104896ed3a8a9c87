"""The addresses of the original below /vsf/api: activity, by_device and by_limit, read only, with its form of answers.

Here: limit and offset, page size 10, and rows as the original's. Not here: version 1 (routes.py).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from vsf_assets.portal.api.authentication import who_asks
from vsf_assets.portal.api.list_answers import json_answer, readable_table
from vsf_assets.portal.api.routes import BY_DEVICE
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_query import ListRequest, count_rows, list_rows
from vsf_assets.portal.shared.problems import SIGN_IN, problem
from vsf_assets.portal.shared.request_errors import STATUSES, status_of, text_of
from vsf_assets.snapshots.pool import OutdatedSnapshotError

PAGE, LARGEST = 10, 1000

View = Callable[[HttpRequest, Access], HttpResponse]


def _old(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Answer errors as JSON, and strangers by asking for a token."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        asker = who_asks(request)
        if asker is None:
            return problem(401, SIGN_IN)
        request.auth = asker  # type: ignore[attr-defined]
        try:
            return view(request, Access(asker.account_rights))
        except tuple(STATUSES) as error:
            return problem(status_of(error) or 500, text_of(error))

    return answer


_EVERY_ROW = ListRequest()


@_old
def index(request: HttpRequest, access: Access) -> HttpResponse:  # noqa: ARG001
    """List the old addresses."""
    base = f"{settings.VSF_PORTAL.shown_url}/vsf/api"
    return json_answer({name: f"{base}/{name}/" for name in ("activity", "by_limit", "by_device")})


@_old
def activity(request: HttpRequest, access: Access) -> HttpResponse:
    """Return activity events."""
    return _page(request, access, "marts.fct_activity_events", _event)


@_old
def by_device(request: HttpRequest, access: Access) -> HttpResponse:
    """Return activity of lines with a kind of device, ANDROID unless another is named."""
    grouping = {"grouping": request.GET.get("grouping") or "ANDROID"}
    wanted = ListRequest(condition=BY_DEVICE, condition_values=grouping)
    return _page(request, access, "marts.fct_activity_events", _event, wanted)


@_old
def by_limit(request: HttpRequest, access: Access) -> HttpResponse:
    """Return lines that are active and have a kind of limit, USG unless another is named."""
    kind = {"type": request.GET.get("type") or "USG"}
    wanted = ListRequest(condition="limit_type = $type and has_activity", condition_values=kind)
    return _page(request, access, "marts.fct_limited_lines", lambda _, row: {"MTN": row["mtn"]}, wanted)


def _event(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {"id": number + 1, "EVENT_DT": row["event_date"], "MTN": row["mtn"]}


def _page(
    request: HttpRequest,
    access: Access,
    name: str,
    item: Callable[[int, dict[str, Any]], dict[str, Any]],
    wanted: ListRequest = _EVERY_ROW,
) -> HttpResponse:
    """Return a page of a table's rows; `item` makes one of a row's number and values."""
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    table = readable_table(snapshot, access, name)
    limit = min(_number(request, "limit", PAGE) or PAGE, LARGEST)
    offset = _number(request, "offset", 0)
    page = list_rows(snapshot, table, access, replace(wanted, limit=limit, offset=offset))
    count = (page.total or count_rows(snapshot, table, access, wanted)).rows
    after = _address(request, limit, offset + limit) if offset + limit < count else None
    before = _address(request, limit, max(offset - limit, 0)) if offset > 0 else None
    try:
        results = [item(number, row) for number, row in zip(page.numbers, page.rows.records(), strict=True)]
    except KeyError as missing:
        raise OutdatedSnapshotError(
            f"snapshot {snapshot.number} was made by an earlier version, without {missing} in {name}"
        ) from missing
    return json_answer({"count": count, "next": after, "previous": before, "results": results})


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def _address(request: HttpRequest, limit: int, offset: int) -> str:
    parameters = {name: value for name, value in request.GET.items() if name not in ("limit", "offset")}
    parameters["limit"] = str(limit)
    if offset:
        parameters["offset"] = str(offset)
    return f"{settings.VSF_PORTAL.shown_url}{request.path}?{urlencode(parameters)}"
