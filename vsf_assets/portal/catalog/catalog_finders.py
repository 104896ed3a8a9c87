"""What the search box finds in catalogs: entries by a part of a text, and objects by a part of their name.

Here: the finders, and their registration. Not here: the box (search/).
"""

from urllib.parse import urlencode

from django.http import HttpRequest

from vsf_assets.portal.catalog.kinds import kinds_of
from vsf_assets.portal.catalog.objects import STATES, list_objects
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_query import ListRequest, list_rows
from vsf_assets.portal.search.finders import MOST, Found, Group, register_finder


def find_entries(request: HttpRequest, text: str) -> Group:
    """Find entries of each kind; the page of catalogs shows more."""
    access, found, has_more = Access(request.user.account_rights), [], False
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    for kind in kinds_of(snapshot, access).values():
        page = list_rows(snapshot, kind.entries, access, ListRequest(search=text, limit=MOST))
        rows = page.rows.records()
        found += [
            Found(
                kind.title_of(row), f"/catalog/{kind.name}/{row[kind.key]}/", f"{kind.record_type} of {row['profile']}"
            )
            for row in rows
        ]
        has_more = has_more or bool(page.next)
    has_more = has_more or len(found) > MOST
    return Group(found[:MOST], f"/catalog/?{urlencode({'_search': text})}" if has_more else "")


def find_objects(request: HttpRequest, text: str) -> Group:
    """Find objects of sources."""
    access = Access(request.user.account_rights)
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    if not kinds_of(snapshot, access):
        return Group()
    objects, following = list_objects(snapshot, access, search=text, limit=MOST)
    found = [
        Found(one.name, f"/catalog/object/?{urlencode({'profile': one.profile, 'name': one.name})}", STATES[one.state])
        for one in objects
    ]
    return Group(found, f"/catalog/objects/?{urlencode({'_search': text})}" if following else "")


def register_catalog_finders() -> None:
    """Let the search box find entries and objects of catalogs."""
    register_finder("Catalog entries", find_entries)
    register_finder("Catalog objects", find_objects)
