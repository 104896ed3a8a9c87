"""The addresses `/api/v1/catalog`: kinds, entries with their versions, objects with their states, types not loaded.

Here: parameters and answers. A new address needs a line in the matrix of rights (vsf_assets_tests/portal/matrix.py).
Not here: what they answer with (the modules beside), and the API itself (api/routes.py).
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from vsf_assets.portal.api.authentication import access_of
from vsf_assets.portal.api.list_answers import DEFAULT, json_answer, list_answer
from vsf_assets.portal.catalog.entries import EntryVersion, find_entry, versions_of
from vsf_assets.portal.catalog.kinds import EntryKind, kinds_of
from vsf_assets.portal.catalog.objects import (
    CatalogObject,
    changes_of,
    count_objects,
    find_object,
    list_objects,
    states_of,
)
from vsf_assets.portal.catalog.skipped import skipped_types
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_query import LARGEST_PAGE
from vsf_assets.snapshots.pool import OpenSnapshot

router = Router(tags=["catalog"])


class EntryParameters(Schema):
    """Parameters of a list of entries, beside its columns."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    sort: str = ""
    search: str = ""


class ObjectParameters(Schema):
    """Parameters of the list of objects."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    search: str = ""
    state: str = ""
    profile: str = ""


class VersionParameters(Schema):
    """Parameters of the versions of an entry."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""


def _opened(request: HttpRequest) -> tuple[OpenSnapshot, Access, dict[str, EntryKind]]:
    """Return the snapshot, what may be read, and the kinds; raises Http404 if catalogs may not be read."""
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    access = access_of(request)
    kinds = kinds_of(snapshot, access)
    if not kinds:
        raise Http404
    return snapshot, access, kinds


@router.get("/catalog", summary="Kinds of entries, and sources with the states of their objects.")
def catalog(request: HttpRequest) -> HttpResponse:
    """Return the kinds with their numbers of entries, and the sources."""
    snapshot, access, kinds = _opened(request)
    items = [{"kind": kind.name, "type": kind.record_type, "entries": kind.entries.rows} for kind in kinds.values()]
    sources = [{"profile": name, "objects": states} for name, states in count_objects(snapshot, access).items()]
    return json_answer({"items": items, "sources": sources, "next": None, "snapshot": snapshot.number})


@router.get("/catalog/objects", summary="Objects of sources: present, vanished, due, unreadable, unlisted.")
def objects(request: HttpRequest, page: Query[ObjectParameters]) -> HttpResponse:
    """Return a page of objects, by profile and name."""
    snapshot, access, _ = _opened(request)
    found, following = list_objects(
        snapshot,
        access,
        search=page.search,
        state=page.state,
        profile=page.profile,
        after=page.after,
        limit=page.limit,
    )
    return json_answer({"items": [vars(one) for one in found], "next": following or None, "snapshot": snapshot.number})


@router.get("/catalog/object", summary="One object: its states, and what each changed.")
def catalog_object(request: HttpRequest, profile: str, name: str) -> HttpResponse:
    """Return an object, the newest states of it, and the entries that the newest one brought or changed."""
    snapshot, access, kinds = _opened(request)
    found = find_object(snapshot, access, profile, name)
    if found is None:
        raise Http404
    states = states_of(snapshot, access, found, kinds)
    return json_answer(
        {
            **vars(found),
            "items": [{**vars(state), "changed": _counts(state.changed)} for state in states],
            "newest_changes": _changes(snapshot, access, found, states[0].landed_at, kinds) if states else [],
            "next": None,
            "snapshot": snapshot.number,
        }
    )


def _counts(changed: dict[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    return {kind: {"new": new, "changed": other} for kind, (new, other) in changed.items()}


def _changes(
    snapshot: OpenSnapshot, access: Access, found: CatalogObject, at: Any, kinds: dict[str, EntryKind]
) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind.name,
            "key": one.key,
            "is_new": one.is_new,
            "changes": {change.field: [change.before, change.after] for change in one.changes},
        }
        for one in changes_of(snapshot, access, found, at, kinds)
    ]


@router.get("/catalog/skipped-types", summary="Types of records that are not loaded.")
def types(request: HttpRequest) -> HttpResponse:
    """Return the types that are not loaded, with their records in the newest state of each object."""
    snapshot, access, _ = _opened(request)
    items = [{**vars(one), "why": one.why} for one in skipped_types(snapshot, access)]
    return json_answer({"items": items, "next": None, "snapshot": snapshot.number})


@router.get("/catalog/{kind}", summary="Entries of a kind: songs, movies, apps.")
def entries(request: HttpRequest, kind: str, parameters: Query[EntryParameters]) -> HttpResponse:  # noqa: ARG001
    """Return a page of the entries of a kind."""
    _, access, kinds = _opened(request)
    if kind not in kinds:
        raise Http404
    return list_answer(request, access, kinds[kind].entries.full_name)


@router.get("/catalog/{kind}/{key}", summary="One entry: its record, and every payload with what changed.")
def entry(request: HttpRequest, kind: str, key: str, page: Query[VersionParameters]) -> HttpResponse:
    """Return an entry and a page of its versions, the latest first."""
    snapshot, access, kinds = _opened(request)
    values = find_entry(snapshot, access, kinds[kind], key) if kind in kinds else None
    if values is None:
        raise Http404
    versions, following = versions_of(snapshot, access, kinds[kind], key, page.after, page.limit)
    content = {
        "entry": values,
        "record": kinds[kind].record_of(values),
        "items": [_version(version) for version in versions],
    }
    return json_answer({**content, "next": following or None, "snapshot": snapshot.number})


def _version(version: EntryVersion) -> dict[str, Any]:
    return {
        **version.values,
        "changes": {change.field: [change.before, change.after] for change in version.changes},
    }
