"""Lists as JSON: a page of a table's rows, with the cursor of the next page and the number of the snapshot.

Here: reading the parameters, the ETag, and the bytes. Not here: the query (data/table_query.py).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import parse_etags

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable, catalog_of
from vsf_assets.portal.data.table_query import Filter, ListRequest, list_rows, parameters_of, read_request
from vsf_assets.snapshots.pool import OpenSnapshot

_CONTROLS = {"limit": "_limit", "after": "_after", "sort": "_sort", "search": "_search"}
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z

DEFAULT = 100
"""Rows of a page, unless another number is asked for."""


def list_answer(
    request: HttpRequest,
    access: Access,
    name: str,
    fixed: Mapping[str, str] | None = None,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    own: tuple[str, ...] = (),
) -> HttpResponse:
    """Return a page of a table's rows.

    Args:
        request: its parameters are filters, and limit, after, sort, search.
        access: what may be read.
        name: `schema.table`.
        fixed: column -> value, filters that always hold, for an empty value too.
        condition: SQL of ours that rows must meet.
        values: of the parameters in `condition`.
        own: parameters that are no filters of the table.

    Raises:
        Http404: there is no such table, or it may not be read.
        WrongParameterError, SnapshotChangedError, QueryTooLargeError, TooManyQueriesError: as `list_rows`.
    """
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    table = readable_table(snapshot, access, name)
    tag = etag(request, access, snapshot, table)
    if _is_known(request, tag):
        return _with_tag(HttpResponse(status=304), tag)
    given = [(_CONTROLS.get(key, key), value) for key, value in parameters_of(request.GET) if key not in own]
    if not any(key == "_limit" for key, _ in given):
        given.append(("_limit", str(DEFAULT)))
    wanted: ListRequest = read_request(given, table, access)
    filters = wanted.filters + tuple(Filter(column, "", value) for column, value in (fixed or {}).items())
    wanted = replace(wanted, filters=filters, condition=condition, condition_values=values or {})
    page = list_rows(snapshot, table, access, wanted)
    content = {"items": page.rows.records(), "next": page.next or None, "snapshot": snapshot.number}
    return _with_tag(json_answer(content), tag)


def answer_of_tag(request: HttpRequest, tag: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """Return an answer with its tag, or that the client has it; then it is not made."""
    return _with_tag(HttpResponse(status=304) if _is_known(request, tag) else make(), tag)


def readable_table(snapshot: OpenSnapshot, access: Access, name: str) -> ShownTable:
    """Return a table.

    Raises:
        Http404: there is none of this name, or it may not be read: both look the same.
    """
    table = catalog_of(snapshot).get(name)
    if table is None or not access.may_read(table):
        raise Http404
    return table


def json_answer(content: Any, status: int = 200) -> HttpResponse:
    """Return content as JSON; decimals are texts, so that no digit is lost, and times are UTC."""
    body = orjson.dumps(content, default=_text, option=_OPTIONS)
    return HttpResponse(body, status=status, content_type="application/json")


def etag(request: HttpRequest, access: Access, snapshot: OpenSnapshot, table: ShownTable) -> str:
    """Return the tag of an answer: it changes with the snapshot, the question, what may be seen, and the program.

    A later version of the program may declare a column personal that an earlier one showed.
    """
    parts = (snapshot.name, snapshot.published, request.get_full_path(), access.may_see_personal, sorted(access.feeds))
    seen = (access.reads_all_feeds, sorted(access.raw_feeds), sorted(access.delivered))
    made_by = (_version(), [(column.name, column.personal) for column in table.columns])
    return f'"{hashlib.sha256(repr((parts, seen, made_by)).encode()).hexdigest()[:32]}"'


@cache
def _version() -> str:
    return version("vsf-assets")


def _is_known(request: HttpRequest, tag: str) -> bool:
    """Whether the client has the answer: If-None-Match is a list of tags, weak ones too (RFC 9110, 13.1.2)."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or tag in (found.removeprefix("W/") for found in given)


def _with_tag(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    return response


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
