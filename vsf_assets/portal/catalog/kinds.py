"""The kinds of catalog entries that a snapshot has: songs, movies, apps, and what the feed declares later.

Here: which tables hold a kind, its key and its fields, from the feed's declaration and the snapshot's comments; a new
type needs no change here. Not here: entries (entries.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.common.visible_text import visible
from vsf_assets.contracts import all_tables
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.feeds.reading import JsonRecords
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable, catalog_of
from vsf_assets.snapshots.pool import OpenSnapshot


@dataclass(frozen=True)
class EntryKind:
    """A kind of entries.

    Attributes:
        record_type: `type` of its records in an object, such as `song`.
        name: its plural, which addresses use.
        entries: table with each entry once.
        versions: table with each payload that an entry has had.
        key: column that identifies an entry in both.
        titles: fields that name an entry for people.
        fields: fields of a record, as delivered.
    """

    record_type: str
    name: str
    entries: ShownTable
    versions: ShownTable
    key: str
    titles: tuple[str, ...]
    fields: tuple[str, ...]

    def title_of(self, values: Mapping[str, Any]) -> str:
        """Return how an entry is called."""
        return visible(" · ".join(str(values[name]) for name in self.titles if values[name] not in (None, "")))

    def record_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record of an entry in the form in which objects hold it."""
        return {"type": self.record_type, "data": {name: values[name] for name in self.fields}}


def record_types() -> tuple[str, ...]:
    """Return the types of records that the feed loads."""
    reading = all_feeds()[OBJECTS].reading
    return tuple(record_type for record_type, _ in reading.tables) if isinstance(reading, JsonRecords) else ()


def kinds_of(snapshot: OpenSnapshot, access: Access) -> dict[str, EntryKind]:
    """Return name -> kind of those that the reader may see, in the order of the feed's declaration."""
    reading, tables = all_feeds()[OBJECTS].reading, catalog_of(snapshot)
    found = {}
    for record_type, raw in reading.tables if isinstance(reading, JsonRecords) else ():
        name, contract = raw.removeprefix("raw."), all_tables()[raw]
        entries, versions = tables.get(f"marts.dim_{name}"), tables.get(f"marts.dim_{record_type}_versions")
        if entries is None or versions is None or not (access.may_read(entries) and access.may_read(versions)):
            continue
        fields = tuple(name for name in contract.schema.columns if name in versions.by_name)
        found[name] = EntryKind(record_type, name, entries, versions, entries.key[0], contract.key, fields)
    return found
