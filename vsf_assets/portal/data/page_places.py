"""Which rows stand on a page of a list: their places in the snapshot, in order, by keyset.

Here: the order of lists, cursors, and both ways to find the rows: DuckDB's order by place, and the keyed order for
readers of pseudonyms. Not here: conditions (table_query.py), and what is shown of a row (masking.py).

A cursor holds the snapshot's number and the shown number of the last row; the value that the list is sorted by is
looked up again, so that a long text makes no long address, and a forged cursor compares nothing that is not seen.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.data.masking import STORED_ROW
from vsf_assets.portal.data.row_order import RowOrder
from vsf_assets.portal.shared.request_errors import SnapshotChangedError, WrongParameterError
from vsf_assets.snapshots.open_snapshot import digest_of
from vsf_assets.snapshots.pool import OpenSnapshot

Place = tuple[int, int]
"""Shown number and place of a row."""

_LARGEST = 2**62

_MOST_AT_ONCE = 10_000
"""Rows up to which DuckDB keeps the first ones of a search while it counts all."""

MOST_COUNTED = 1000
"""Rows up to which a search is counted that has to read the keys of a large table."""


class RowCount(NamedTuple):
    """How many rows a list has, or how many it has more than."""

    rows: int
    is_more: bool = False


@dataclass(frozen=True)
class OrderedRows:
    """All rows of a list, and how they are ordered.

    Attributes:
        source: SQL of the subquery with what is seen of the table.
        where: conditions.
        values: of the parameters in both.
        order: the keyed order; None for the order of places.
        is_unfiltered: whether no condition leaves a row of the table out.
        sort, sort_type: column that comes first in the order, and its type; empty for none.
        is_descending: whether its largest value comes first; nulls are last in any case.
        is_search: whether the conditions compare texts of many columns, so that each look at the table costs much.
        is_costly: whether these have many different values each, so that rows are counted up to MOST_COUNTED alone.
        first_found: gives (after, limit) the first rows by the keyed order where they are found without a look at all;
            fewer than `limit` tell nothing. None where there is no such way.
    """

    source: str
    where: tuple[str, ...]
    values: Mapping[str, Any]
    order: RowOrder | None
    is_unfiltered: bool
    sort: str = ""
    sort_type: str = ""
    is_descending: bool = False
    is_search: bool = False
    is_costly: bool = False
    first_found: Callable[[int, int], list[Place]] | None = None

    def query(self, columns: str, *more: str) -> str:
        """Return SQL that selects from the rows, with further conditions."""
        conditions = [*self.where, *more]
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return f"select {columns} from {self.source}{where}"  # noqa: S608 - quoted names

    @property
    def key(self) -> tuple[object, ...]:
        """All that its rows, their order and their number depend on, within a snapshot."""
        return *self.count_key, self.order is None, self.sort, self.is_descending

    @property
    def count_key(self) -> tuple[object, ...]:
        """All that the number of its rows depends on, within a snapshot."""
        return "rows", self.source, self.where, digest_of(self.values), self.is_costly

    @property
    def direction(self) -> str:
        """SQL of how the values are ordered."""
        return f"{quoted(self.sort)} {'desc' if self.is_descending else 'asc'} nulls last"


def cursor_after(snapshot: OpenSnapshot, number: int) -> str:
    """Return the cursor of the rows after one."""
    content = json.dumps([snapshot.number, number]).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_cursor(snapshot: OpenSnapshot, cursor: str, parameter: str) -> int:
    """Return the number of the row that a cursor names; -1 for an empty one.

    Raises:
        WrongParameterError: it is malformed.
        SnapshotChangedError: it is of another snapshot.
    """
    if not cursor:
        return -1
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor[:200]) % 4)))
        of, number = content
        if not (type(of) is int and type(number) is int and 0 <= number < _LARGEST):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise WrongParameterError(f"{parameter} is no cursor; begin again without it") from None
    if of != snapshot.number:
        raise SnapshotChangedError(
            f"snapshot {snapshot.number} was published since this list began in snapshot {of};"
            f" begin again without {parameter}"
        )
    return int(number)


def find_places(
    snapshot: OpenSnapshot, listing: OrderedRows, after: int, limit: int, offset: int = 0
) -> tuple[list[Place], RowCount | None]:
    """Return the rows of a page, and the number of rows of the whole list where it is known then.

    Args:
        snapshot: where the rows are.
        listing: the list.
        after: shown number of the row before the page; -1 for the first page.
        limit: rows of the page.
        offset: rows that are left out before it.

    Raises:
        WrongParameterError: the list has no row `after`.
        QueryTooLargeError, TooManyQueriesError, UnfitValueError: as `OpenSnapshot.query`.
    """
    last = _Last(snapshot, listing, after) if after >= 0 and listing.sort else None
    if listing.order is not None and not listing.sort and not (listing.is_unfiltered and not offset):
        return _keyed(snapshot, listing, listing.order, after, (limit, offset))
    if listing.order is None and listing.is_search and not listing.sort:
        return _searched(snapshot, listing, after, (limit, offset))
    if listing.order is None:
        found = _in_order_of_places(snapshot, listing, last, after, (limit, offset))
    elif listing.sort:
        found = _sorted_and_keyed(snapshot, listing, listing.order, last, after, offset + limit)[offset:]
    else:
        found = listing.order.page(after, limit)
    is_all = after < 0 and not offset and len(found) < limit
    return found, RowCount(len(found)) if is_all else None


def count_places(snapshot: OpenSnapshot, listing: OrderedRows) -> RowCount:
    """Return the number of rows of a list; raises what `find_places` raises."""
    if not listing.is_costly:
        return RowCount(snapshot.query(listing.query("count(*)"), listing.values).rows[0][0])
    sql = f"select count(*) from ({listing.query(STORED_ROW)} limit {MOST_COUNTED + 1})"  # noqa: S608 - quoted names
    return _counted(listing, snapshot.query(sql, listing.values).rows[0][0])


def _counted(listing: OrderedRows, rows: int) -> RowCount:
    return RowCount(MOST_COUNTED, is_more=True) if listing.is_costly and rows > MOST_COUNTED else RowCount(rows)


def place_of(order: RowOrder | None, number: int) -> int:
    """Return the place of the row with a shown number; the table may have no such row."""
    return number if order is None else order.place(number)


class _Last:
    """The row before a page, and its value by which the list is sorted."""

    def __init__(self, snapshot: OpenSnapshot, listing: OrderedRows, number: int) -> None:
        self._name, self._kind = quoted(listing.sort), listing.sort_type
        self._sign = "<" if listing.is_descending else ">"
        sql = listing.query(f"cast({self._name} as varchar)", f"{STORED_ROW} = {place_of(listing.order, number)}")
        rows = snapshot.kept(sql, listing.values).rows
        if not rows:
            raise WrongParameterError("the list has no row that the cursor names; begin again without it")
        self.values = {**listing.values, _LAST: rows[0][0]}
        self._is_null = rows[0][0] is None

    @property
    def later(self) -> str:
        """The condition that a row has a later value; nulls are the latest."""
        if self._is_null:
            return f"${_LAST} is not null"  # which it is not
        return f"({self._name} {self._sign} cast(${_LAST} as {self._kind}) or {self._name} is null)"

    @property
    def equal(self) -> str:
        """The condition that a row has the same value."""
        return f"{self._name} is not distinct from cast(${_LAST} as {self._kind})"


def _in_order_of_places(
    snapshot: OpenSnapshot, listing: OrderedRows, last: _Last | None, after: int, part: tuple[int, int]
) -> list[Place]:
    tail = f"{STORED_ROW} limit {part[0]} offset {part[1]}"
    if last is not None:
        condition = f"({last.later} or ({last.equal} and {STORED_ROW} > {after}))"
        sql, values = listing.query(STORED_ROW, condition), last.values
    else:
        sql = listing.query(STORED_ROW, *([f"{STORED_ROW} > {after}"] if after >= 0 else []))
        values = dict(listing.values)
    order = f"{listing.direction}, {tail}" if listing.sort else tail
    return [(place, place) for (place,) in snapshot.query(f"{sql} order by {order}", values).rows]


def _searched(
    snapshot: OpenSnapshot, listing: OrderedRows, after: int, part: tuple[int, int]
) -> tuple[list[Place], RowCount | None]:
    """Return rows in the order of places, and their number for a first page, by one look at the table.

    DuckDB gives rows in the order of places by itself, and stops when it has enough.
    """
    limit, offset = part
    wanted = limit + offset
    if after < 0 and not listing.is_costly and wanted <= _MOST_AT_ONCE:
        sql = listing.query(f"count(*), min({STORED_ROW}, {wanted})")
        ((total, first),) = snapshot.query(sql, listing.values).rows
        return [(place, place) for place in (first or [])[offset:]], RowCount(total)
    counts = after < 0 and listing.is_costly
    most = max(wanted, MOST_COUNTED + 1) if counts else wanted
    sql = listing.query(STORED_ROW, *([f"{STORED_ROW} > {after}"] if after >= 0 else []))
    places = snapshot.numbers(sql, listing.values, most)
    count = _counted(listing, len(places)) if counts else None
    return [(place, place) for place in places[offset:wanted].tolist()], count


def _keyed(
    snapshot: OpenSnapshot, listing: OrderedRows, order: RowOrder, after: int, part: tuple[int, int]
) -> tuple[list[Place], RowCount | None]:
    """Return rows in the keyed order, and the number of all where all were found."""
    limit, offset = part
    if listing.first_found is not None:
        first = listing.first_found(after, limit + offset)
        if len(first) == limit + offset:
            return first[offset:], None
    places = snapshot.numbers(listing.query(STORED_ROW), listing.values)
    return order.smallest(places, after, limit, offset), _counted(listing, len(places))


def _sorted_and_keyed(
    snapshot: OpenSnapshot, listing: OrderedRows, order: RowOrder, last: _Last | None, after: int, limit: int
) -> list[Place]:
    """Return rows by value, and rows of an equal value by shown number.

    DuckDB gives as many rows as are needed, in any sequence where values are equal; of the latest value among them it
    may have left rows out that come first, so all rows with that value are asked for.
    """
    found: list[Place] = []
    values = dict(listing.values)
    if last is not None:
        values = last.values
        found = order.smallest(snapshot.numbers(listing.query(STORED_ROW, last.equal), values), after, limit)
    if len(found) >= limit:
        return found
    name = quoted(listing.sort)
    sql = listing.query(f"{STORED_ROW}, cast({name} as varchar)", *([last.later] if last else []))
    rows = snapshot.query(f"{sql} order by {listing.direction} limit {limit - len(found)}", values).rows
    groups = [(value, [place for place, _ in group]) for value, group in groupby(rows, lambda row: row[1])]
    for _, places in groups[:-1]:
        found += order.of_places(places)
    for value, _ in groups[-1:]:
        equal = f"{name} is not distinct from cast(${_LAST} as {listing.sort_type})"
        ties = snapshot.numbers(listing.query(STORED_ROW, equal), {**listing.values, _LAST: value})
        found += order.smallest(ties, -1, limit - len(found))
    return found


_LAST = "last_value"
