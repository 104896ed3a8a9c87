"""Links from a row to rows of other tables, and from them to it, by the references that the snapshot's comments name.

Here: finding and counting them. Not here: their look (templates/data/row.html).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable, catalog_of
from vsf_assets.portal.data.table_query import Filter, ListRequest, count_rows
from vsf_assets.snapshots.pool import OpenSnapshot, QueryTooLargeError

DELIVERY = ("feed", "partition_key", "file_name")
"""Columns that name a delivery in every report that has them."""


@dataclass(frozen=True)
class RowLink:
    """A link to rows of another table.

    Attributes:
        table: the other table.
        column: the column that refers, of this row's table if `is_out`, else of the other's.
        address: of the list of these rows.
        rows: their number; None where counting takes too long.
        is_out: whether this row refers to them.
    """

    table: ShownTable
    column: str
    address: str
    rows: int | None
    is_out: bool


def links_of_row(snapshot: OpenSnapshot, access: Access, shown: ShownTable, values: Mapping[str, Any]) -> list[RowLink]:
    """Return the links of a row to tables that the reader may see; of links into it, those with rows."""
    readable = access.readable(catalog_of(snapshot))
    found = []
    for other, column, filters, is_out in _candidates(shown, values, readable):
        rows = _count(snapshot, other, access, filters)
        if rows != 0 or is_out:
            pairs = [(f.parameter, f.value) for f in filters]
            found.append(RowLink(other, column, f"/data/{other.schema}/{other.name}/?{urlencode(pairs)}", rows, is_out))
    return found


def _candidates(
    shown: ShownTable, values: Mapping[str, Any], readable: Mapping[str, ShownTable]
) -> Iterator[tuple[ShownTable, str, tuple[Filter, ...], bool]]:
    for link in shown.links:
        value = values.get(link.column)
        if value is not None and link.table in readable and link.target in readable[link.table].by_name:
            yield readable[link.table], link.column, (Filter(link.target, "", str(value)),), True
    for other in readable.values():
        for link in other.links:
            value = values.get(link.target)
            if link.table == shown.full_name and value is not None and link.column in other.by_name:
                yield other, link.column, (Filter(link.column, "", str(value)),), False
        if other.full_name != shown.full_name and _names_deliveries(shown) and _names_deliveries(other):
            yield other, "file_name", tuple(_delivery(values)), False


def _names_deliveries(table: ShownTable) -> bool:
    return set(DELIVERY) <= set(table.by_name)


def _delivery(values: Mapping[str, Any]) -> Iterator[Filter]:
    for column in DELIVERY:
        value = values[column]
        yield Filter(column, "", str(value)) if value is not None else Filter(column, "null", "yes")


def _count(snapshot: OpenSnapshot, table: ShownTable, access: Access, filters: tuple[Filter, ...]) -> int | None:
    try:
        return count_rows(snapshot, table, access, ListRequest(filters)).rows
    except QueryTooLargeError:
        return None
