"""One entry of a catalog and its history: every payload, and what changed from one to the next.

Here: reading both through the lists of data/. Not here: the pages, and what a state of an object changed (objects.py).
"""

from dataclasses import dataclass
from typing import Any

from vsf_assets.portal.catalog.kinds import EntryKind
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_query import Filter, ListRequest, list_rows
from vsf_assets.snapshots.pool import OpenSnapshot

PAGE = 20
"""Versions of an entry on a page."""


@dataclass(frozen=True)
class FieldChange:
    """A field with another value than before."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class EntryVersion:
    """A payload of an entry.

    Attributes:
        values: its columns.
        changes: fields that differ from the version before; empty for the first one.
    """

    values: dict[str, Any]
    changes: list[FieldChange]


def find_entry(snapshot: OpenSnapshot, access: Access, kind: EntryKind, key: str) -> dict[str, Any] | None:
    """Return the columns of an entry; None if there is none with this key. Raises what `list_rows` raises."""
    rows = list_rows(snapshot, kind.entries, access, ListRequest((Filter(kind.key, "", key),), limit=1)).rows.records()
    return rows[0] if rows else None


def versions_of(
    snapshot: OpenSnapshot, access: Access, kind: EntryKind, key: str, after: str = "", limit: int = PAGE
) -> tuple[list[EntryVersion], str]:
    """Return versions of an entry, the latest first, and the cursor of earlier ones; raises what `list_rows` raises."""
    key_filter = Filter(kind.key, "", key)
    page = list_rows(snapshot, kind.versions, access, _latest_first(key_filter, limit, after))
    rows = page.rows.records()
    earlier: list[dict[str, Any]] = []
    if page.next:
        one = _latest_first(key_filter, 1, page.next)
        earlier = list_rows(snapshot, kind.versions, access, one).rows.records()
    following = [*rows[1:], *earlier]
    found = [
        EntryVersion(row, changes(kind, following[place], row) if place < len(following) else [])
        for place, row in enumerate(rows)
    ]
    return found, page.next


def _latest_first(key_filter: Filter, limit: int, after: str) -> ListRequest:
    return ListRequest((key_filter,), sort="version_number", is_descending=True, limit=limit, after=after)


def changes(kind: EntryKind, before: dict[str, Any], after: dict[str, Any]) -> list[FieldChange]:
    """Return the fields of a record that differ between two payloads."""
    return [FieldChange(name, before[name], after[name]) for name in kind.fields if before[name] != after[name]]
