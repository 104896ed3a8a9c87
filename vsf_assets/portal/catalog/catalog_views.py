"""Pages of catalogs: the overview with search, a kind's entries, and one entry with its versions.

Here: what a request asks for, and the context of its page. Not here: objects and skipped types (object_views.py), and
the queries (entries.py, and data/table_query.py).
"""

import json
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.catalog.entries import find_entry, versions_of
from vsf_assets.portal.catalog.kinds import EntryKind, kinds_of
from vsf_assets.portal.catalog.objects import count_objects, list_objects
from vsf_assets.portal.catalog.skipped import skipped_types
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_query import (
    OPERATORS,
    Filter,
    ListRequest,
    as_sql,
    count_rows,
    list_rows,
    parameters_of,
    read_request,
)
from vsf_assets.portal.shared.equivalents import command, curl
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.snapshots.pool import OpenSnapshot, QueryTooLargeError

MOST_FOUND = 10
"""Entries of a kind, objects and types that a search shows."""

LONGEST = 200
"""Characters of a search."""

ORDERS = (("", "as loaded"), ("-valid_from", "newest first"), ("-versions", "most versions first"))
_SHOWN_RECORD = 100_000


def opened(request: HttpRequest) -> tuple[OpenSnapshot, Access, dict[str, EntryKind]]:
    """Return the snapshot, what the account may read, and the kinds of entries.

    Raises:
        Http404: the account may not read catalogs, or the snapshot has none: both look the same.
    """
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    access = Access(request.user.account_rights)
    kinds = kinds_of(snapshot, access)
    if not kinds:
        raise Http404
    return snapshot, access, kinds


@require_safe
@login_required
@explained
def catalog(request: HttpRequest) -> HttpResponse:
    """Show the kinds of entries, the sources, and what a search finds in all of them."""
    snapshot, access, kinds = opened(request)
    search = request.GET.get("_search", "").strip()[:LONGEST]
    counted = [(kind, kind.entries.rows, _changed(snapshot, access, kind)) for kind in kinds.values()]
    sources = count_objects(snapshot, access)
    context: dict[str, Any] = {
        "tab": "entries",
        "search": search,
        "kinds": counted,
        "total": sum(rows for _, rows, _ in counted),
        "sources": [(name, sum(states.values()), states) for name, states in sources.items()],
        "has_any": bool(sources) or any(rows for _, rows, _ in counted),
        "skipped": skipped_types(snapshot, access),
        "command": command("query", "from reports.files where feed = 'catalog' order by landed_at desc"),
        "curl": curl("catalog"),
    }
    if search:
        found = [(kind, *_found(snapshot, access, kind, search)) for kind in kinds.values()]
        objects, more = list_objects(snapshot, access, search=search, limit=MOST_FOUND)
        types = skipped_types(snapshot, access, search)[:MOST_FOUND]
        questions = [(kind, ListRequest(search=search, limit=MOST_FOUND)) for kind in kinds.values()]
        context |= {
            "found": [group for group in found if group[1] or group[3]],
            "objects": objects,
            "has_more_objects": bool(more),
            "types": types,
            "is_found": bool(objects or types or any(group[1] for group in found)),
            "command": "\n".join(command("query", as_sql(kind.entries, wanted)) for kind, wanted in questions),
            "curl": "\n".join(curl(f"catalog/{kind.name}", [("search", search)]) for kind, _ in questions),
        }
    return render(request, "catalog/catalog.html", context)


def _found(
    snapshot: OpenSnapshot, access: Access, kind: EntryKind, search: str
) -> tuple[list[tuple[str, dict[str, Any]]], bool, str]:
    """Return the first entries that a search finds, whether there are more, and why none could be searched."""
    try:
        page = list_rows(snapshot, kind.entries, access, ListRequest(search=search, limit=MOST_FOUND))
    except QueryTooLargeError as error:
        return [], False, str(error)
    return [(kind.title_of(row), {**row, "key": row[kind.key]}) for row in page.rows.records()], bool(page.next), ""


def _changed(snapshot: OpenSnapshot, access: Access, kind: EntryKind) -> int:
    """Return how many entries have had more than one payload."""
    return count_rows(snapshot, kind.entries, access, ListRequest((Filter("versions", "min", "2"),))).rows


@require_safe
@login_required
@explained
def entries(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a page of the entries of a kind."""
    snapshot, access, kinds = opened(request)
    shown = _kind(kinds, kind)
    wanted = read_request(parameters_of(request.GET), shown.entries, access)
    page = list_rows(snapshot, shown.entries, access, wanted)
    total = page.total if page.total is not None else count_rows(snapshot, shown.entries, access, wanted)
    others = [name for name in shown.fields if name not in shown.titles]
    context = {
        "tab": "entries",
        "kind": shown,
        "kinds": list(kinds.values()),
        "columns": [shown.entries.by_name[name] for name in others],
        "rows": [
            (row[shown.key], shown.title_of(row), [(shown.entries.by_name[name], row[name]) for name in others], row)
            for row in page.rows.records()
        ],
        "total": total,
        "all_rows": shown.entries.rows,
        "request_of_list": wanted,
        "search": wanted.search,
        "order": f"-{wanted.sort}" if wanted.is_descending else wanted.sort,
        "orders": ORDERS,
        "only_changed": any(f.parameter == "versions__min" for f in wanted.filters),
        "filters": [(f"{f.column} {OPERATORS[f.operator]} {f.value}") for f in wanted.filters],
        "next": f"?{urlencode([*wanted.parameters, ('_after', page.next)])}" if page.next else "",
        "is_first": not wanted.after,
        "first": f"?{urlencode(wanted.parameters)}",
        "table_address": f"/data/marts/{shown.entries.name}/?{urlencode(wanted.parameters)}",
        "command": command("query", as_sql(shown.entries, wanted)),
        "curl": curl(f"catalog/{kind}", [(name.removeprefix("_"), value) for name, value in wanted.parameters]),
    }
    return render(request, "catalog/entries.html", context)


@require_safe
@login_required
@explained
def entry(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Show one entry: its fields, its record, where it stood, and every payload with what changed."""
    snapshot, access, kinds = opened(request)
    shown = _kind(kinds, kind)
    values = find_entry(snapshot, access, shown, key)
    if values is None:
        raise Http404
    found, following = versions_of(snapshot, access, shown, key, request.GET.get("_after", "")[:LONGEST])
    record = record_text(shown.record_of(values))
    exact = ListRequest((Filter(shown.key, "", key),), sort="version_number", is_descending=True)
    context = {
        "tab": "entries",
        "kind": shown,
        "key": key,
        "title": shown.title_of(values) or shown.record_type,
        "values": values,
        "fields": [(shown.entries.by_name[name], values[name]) for name in _described(shown)],
        "record": record[:_SHOWN_RECORD],
        "is_record_cut": len(record) > _SHOWN_RECORD,
        "versions": found,
        "next": f"?{urlencode({'_after': following})}" if following else "",
        "is_first": not request.GET.get("_after"),
        "object_query": urlencode({"profile": values["profile"], "name": values["object_name"]}),
        "table_address": f"/data/marts/{shown.versions.name}/?{urlencode({shown.key: key})}",
        "command": command("query", as_sql(shown.versions, exact)),
        "curl": curl(f"catalog/{kind}/{key}"),
    }
    return render(request, "catalog/entry.html", context)


def as_json(value: Any) -> str:
    """Return a value that JSON does not know as an object of a source has it."""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def record_text(record: dict[str, Any]) -> str:
    """Return a record as JSON in which invisible characters are escaped, so that none deceives a reader."""
    text = json.dumps(record, ensure_ascii=False, indent=2, default=as_json)
    return "".join(one if one == "\n" or visible(one) == one else json.dumps(one)[1:-1] for one in text)


def _described(kind: EntryKind) -> list[str]:
    """Return the columns of an entry that say something of it, derived ones too."""
    left_out = {kind.key, "valid_from", "ingestion_time", "profile", "object_name", "line_number", "versions"}
    return [column.name for column in kind.entries.columns if column.name not in left_out]


def _kind(kinds: dict[str, EntryKind], name: str) -> EntryKind:
    if name not in kinds:
        raise Http404
    return kinds[name]
