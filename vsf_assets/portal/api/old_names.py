"""The addresses of the original below /vsf/api: activity, by_device and by_limit, read only, with its form of answers.

Here: limit and offset, page size 10, and rows as the original's. Not here: version 1 (routes.py).
"""

from collections.abc import Callable, Mapping
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
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.shared.problems import SIGN_IN, problem
from vsf_assets.portal.shared.request_errors import STATUSES, status_of

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
            return problem(status_of(error) or 500, str(error))

    return answer


@_old
def index(request: HttpRequest, access: Access) -> HttpResponse:  # noqa: ARG001
    """List the old addresses."""
    base = f"{settings.VSF_PORTAL.shown_url}/vsf/api"
    return json_answer({name: f"{base}/{name}/" for name in ("activity", "by_limit", "by_device")})


@_old
def activity(request: HttpRequest, access: Access) -> HttpResponse:
    """Return activity events."""
    return _page(request, access, "marts.fct_activity_events", _EVENT)


@_old
def by_device(request: HttpRequest, access: Access) -> HttpResponse:
    """Return activity of lines with a kind of device, ANDROID unless another is named."""
    grouping = {"grouping": request.GET.get("grouping") or "ANDROID"}
    return _page(request, access, "marts.fct_activity_events", _EVENT, BY_DEVICE, grouping)


@_old
def by_limit(request: HttpRequest, access: Access) -> HttpResponse:
    """Return lines that are active and have a kind of limit, USG unless another is named."""
    kind = {"type": request.GET.get("type") or "USG"}
    condition = "limit_type = $type and has_activity"
    return _page(request, access, "marts.fct_limited_lines", 'mtn as "MTN"', condition, kind)


_EVENT = '_row + 1 as id, event_date as "EVENT_DT", mtn as "MTN"'


def _page(
    request: HttpRequest,
    access: Access,
    name: str,
    columns: str,
    condition: str = "true",
    values: Mapping[str, Any] | None = None,
) -> HttpResponse:
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    source, seen = seen_source(snapshot, readable_table(snapshot, access, name), access)
    limit = min(_number(request, "limit", PAGE) or PAGE, LARGEST)
    offset = _number(request, "offset", 0)
    given = {**seen, **(values or {})}
    rest = f"from {source} where {condition}"
    (count,) = snapshot.query(f"select count(*) {rest}", given).rows[0]
    rows = snapshot.query(f"select {columns} {rest} order by _row limit {limit} offset {offset}", given)
    after = _address(request, limit, offset + limit) if offset + limit < count else None
    before = _address(request, limit, max(offset - limit, 0)) if offset > 0 else None
    return json_answer({"count": count, "next": after, "previous": before, "results": rows.records()})


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def _address(request: HttpRequest, limit: int, offset: int) -> str:
    parameters = {name: value for name, value in request.GET.items() if name not in ("limit", "offset")}
    parameters["limit"] = str(limit)
    if offset:
        parameters["offset"] = str(offset)
    return f"{settings.VSF_PORTAL.shown_url}{request.path}?{urlencode(parameters)}"
