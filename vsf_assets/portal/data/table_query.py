"""Lists of rows: filters, search, sort and keyset pages, read from the address and turned into SQL.

Here: the form of the parameters, their checks, and the queries. Every value is a parameter of the SQL, every name is
one of the table's. Not here: what may be seen (masking.py), and how a page shows it (table_views.py).

Parameters: `column=value`, `column__contains=text`, `column__min=value`, `column__max=value`, `column__null=yes`;
`_search=text`, `_sort=column` or `-column`, `_limit=number`, `_after=cursor`. A cursor holds the snapshot's number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.common.visible_text import visible
from vsf_assets.contracts.table import IDENTIFIER
from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import STORED_ROW, hides_order, is_replaced, seen_source
from vsf_assets.portal.data.owned_rows import leaves_rows_out
from vsf_assets.portal.data.page_places import (
    OrderedRows,
    RowCount,
    count_places,
    cursor_after,
    find_places,
    place_of,
    read_cursor,
)
from vsf_assets.portal.data.pseudonym_index import value_of
from vsf_assets.portal.data.row_order import key_of, row_order
from vsf_assets.portal.data.search_sample import first_found
from vsf_assets.portal.data.searched_texts import Search, search_for
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.snapshots.pool import OpenSnapshot, Rows

PAGE, LARGEST_PAGE = 50, 1000

SEARCH, SORT, LIMIT, AFTER = "_search", "_sort", "_limit", "_after"
_CONTROLS = {SEARCH, SORT, LIMIT, AFTER}

OPERATORS = {"": "=", "contains": "contains", "min": "≥", "max": "≤", "null": "is empty"}
"""Ending of a parameter -> what it means."""

LONGEST_VALUE = 1000
"""Characters of a value that a filter compares."""

MOST_FILTERS = 20
"""Filters of a list."""


@dataclass(frozen=True)
class Filter:
    """One condition on a column."""

    column: str
    operator: str
    value: str

    @property
    def parameter(self) -> str:
        """Its name in the address."""
        return f"{self.column}__{self.operator}" if self.operator else self.column

    @property
    def words(self) -> str:
        """The condition for people."""
        return f"{self.column} {OPERATORS[self.operator]}" + (
            "" if self.operator == "null" else f" {visible(self.value)}"
        )


@dataclass(frozen=True)
class ListRequest:
    """What a request wants of a list."""

    filters: tuple[Filter, ...] = ()
    search: str = ""
    sort: str = ""
    is_descending: bool = False
    limit: int = PAGE
    after: str = ""
    condition: str = ""
    """SQL of our own that further rows must meet; it comes from code, never from a request."""
    condition_values: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None
    """Shown number of the only row that is wanted."""
    offset: int = 0
    """Rows that are left out at the beginning."""

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the address, without the cursor."""
        found = [(condition.parameter, condition.value) for condition in self.filters]
        found += [(SEARCH, self.search)] if self.search else []
        found += [(SORT, f"-{self.sort}" if self.is_descending else self.sort)] if self.sort else []
        return found + ([(LIMIT, str(self.limit))] if self.limit != PAGE else [])


@dataclass(frozen=True)
class Page:
    """A page of a list.

    Attributes:
        rows: without their numbers.
        numbers: the shown number of each.
        next: cursor of the next page; empty at the end.
        total: rows of the whole list, where finding the page told it; they are known up to a number for some searches.
    """

    rows: Rows
    numbers: list[int]
    next: str
    total: RowCount | None


@dataclass
class _Clauses:
    """Conditions of a query, and the values of their parameters."""

    where: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def keep(self, value: Any) -> str:
        """Return the name of a new parameter with a value."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def read_request(parameters: Iterable[tuple[str, str]], table: ShownTable, access: Access) -> ListRequest:
    """Return what the parameters of an address ask for.

    Raises:
        WrongParameterError: one is not understood, or asks for what the reader may not do.
    """
    filters, controls = [], dict.fromkeys(_CONTROLS, "")
    for name, value in parameters:
        if name in _CONTROLS:
            controls[name] = value
        elif value or name.endswith("__null"):
            filters.append(_filter(name, value, table, access))
    if len(filters) > MOST_FILTERS:
        raise WrongParameterError(f"a list takes {MOST_FILTERS} filters at most, and these are {len(filters):,}")
    sort = controls[SORT].removeprefix("-")
    if sort:
        column = _column(sort, table)
        if is_replaced(column, access):
            raise WrongParameterError(f"{sort} holds personal data, so its rows are not sorted by it")
    limit = controls[LIMIT] or str(PAGE)
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 4 and 1 <= int(limit) <= LARGEST_PAGE):
        raise WrongParameterError(f"{LIMIT} is a number from 1 to {LARGEST_PAGE:,}")
    return ListRequest(
        tuple(filters),
        controls[SEARCH][:LONGEST_VALUE],
        sort,
        controls[SORT].startswith("-"),
        int(limit),
        controls[AFTER],
    )


def _filter(name: str, value: str, table: ShownTable, access: Access) -> Filter:
    column, _, operator = name.partition("__") if name not in table.by_name else (name, "", "")
    found = _column(column, table)
    if operator not in OPERATORS:
        raise WrongParameterError(f"{name} is no filter; after the column comes __contains, __min, __max or __null")
    if is_replaced(found, access) and operator not in ("", "null"):
        raise WrongParameterError(f"{column} holds personal data; filter by a whole pseudonym, {column}=…")
    if found.type.endswith("]") and operator in ("min", "max"):
        raise WrongParameterError(f"{column} holds lists; filter by a value in them, {column}=…")
    if len(value) > LONGEST_VALUE:
        raise WrongParameterError(f"the value of {name} is longer than {LONGEST_VALUE:,} characters")
    return Filter(column, operator, value)


def _column(name: str, table: ShownTable) -> ShownColumn:
    if name not in table.by_name:
        hint = did_you_mean(name, table.by_name)
        raise WrongParameterError(f"there is no column {name[:60]} in {table.full_name}{hint}")
    return table.by_name[name]


def list_rows(snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest) -> Page:
    """Return a page of a list.

    Raises:
        WrongParameterError: a value does not fit its column, or the cursor is malformed.
        SnapshotChangedError: the cursor is of another snapshot.
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    listing = _ordered_rows(snapshot, table, access, request)
    after = read_cursor(snapshot, request.after, AFTER)
    key = ("places", listing.key, after, request.limit, request.offset)
    found, total = snapshot.kept_as(
        key, lambda: find_places(snapshot, listing, after, request.limit + 1, request.offset)
    )
    kept = found[: request.limit]
    # So that values are replaced in the page's rows alone.
    source, values = seen_source(snapshot, table, access, [place for _, place in kept])
    shown = snapshot.kept(f"select * from {source}", values)  # noqa: S608 - quoted names
    by_place = {row[0]: row[1:] for row in shown.rows}
    rows = [by_place[place] for _, place in kept]
    cursor = cursor_after(snapshot, kept[-1][0]) if len(found) > request.limit else ""
    numbers = [number for number, _ in kept]
    if listing.is_unfiltered:
        total = RowCount(table.rows)
    elif total is not None and not request.after:
        snapshot.kept_as(listing.count_key, lambda: total)
    return Page(Rows(shown.names[1:], shown.types[1:], rows), numbers, cursor, total)


def count_rows(snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest) -> RowCount:
    """Return the number of rows of the whole list, of a search in a large table up to a number.

    Raises what `list_rows` raises.
    """
    if request == ListRequest() and _sees_all(snapshot, table, access) and table.places == table.rows:
        return RowCount(table.rows)
    listing = _ordered_rows(snapshot, table, access, request)
    if listing.is_unfiltered:
        return RowCount(table.rows)
    return snapshot.kept_as(listing.count_key, lambda: count_places(snapshot, listing))


def rows_seen(snapshot: OpenSnapshot, table: ShownTable, access: Access) -> int:
    """Return the number of rows of a table that the reader may see; raises what `list_rows` raises."""
    return count_rows(snapshot, table, access, ListRequest()).rows


def selection(
    snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest
) -> tuple[str, dict[str, Any]]:
    """Return the SQL of the whole list, without the places of rows, and the values of its parameters.

    Where places would tell about people, rows come by a keyed digest of them, which DuckDB computes as it goes.
    """
    listing = _ordered_rows(snapshot, table, access, request)
    values, tie = dict(listing.values), STORED_ROW
    if listing.order is not None:
        values["row_key"] = key_of(snapshot, table, "exported rows")
        tie = f"cast('0x' || left(sha256($row_key::blob || encode(cast({STORED_ROW} as varchar))), 15) as bigint)"
    rows = listing.query(f"* exclude ({STORED_ROW})")
    if listing.sort:
        return f"{rows} order by {listing.direction}, {tie}", values
    # DuckDB keeps the order of places by itself; sorting by them would need memory for the whole table.
    return (rows if listing.order is None else f"{rows} order by {tie}"), values


def _ordered_rows(snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest) -> OrderedRows:
    """Return the rows of a list and their order."""
    clauses = _Clauses()
    source, values = seen_source(snapshot, table, access)
    clauses.values.update(values)
    order = row_order(snapshot, table) if hides_order(table, access) else None
    if request.number is not None:
        clauses.where.append(f"{STORED_ROW} = {place_of(order, request.number)}")
    if request.condition:
        clauses.where.append(request.condition)
        clauses.values.update(request.condition_values)
    for condition in request.filters:
        clauses.where.append(_condition(condition, snapshot, table, access, clauses))
    sees_all = _sees_all(snapshot, table, access)
    is_alone, search = not clauses.where, None
    if request.search:
        search = _search(request.search.casefold(), snapshot, table, access, clauses, sees_all)
        clauses.where.append(search.condition)
    is_unfiltered = not clauses.where and sees_all and table.places == table.rows
    sort_type = table.by_name[request.sort].type if request.sort else ""
    first = None
    if search is not None and search.keys and is_alone and sees_all and order is not None:
        first = partial(first_found, snapshot, table, order, search, request.search.casefold())
    return OrderedRows(
        source,
        tuple(clauses.where),
        clauses.values,
        order,
        is_unfiltered,
        request.sort,
        sort_type,
        request.is_descending,
        search is not None,
        search is not None and bool(search.keys),
        first,
    )


def _sees_all(snapshot: OpenSnapshot, table: ShownTable, access: Access) -> bool:
    """Whether the reader sees every row of a table."""
    return access.rows_of_feeds(table) is None and not leaves_rows_out(snapshot, table, access)


def _search(
    text: str, snapshot: OpenSnapshot, table: ShownTable, access: Access, clauses: _Clauses, sees_all: bool
) -> Search:
    """Return the search for rows of which a text that the reader sees contains one, in lower case."""
    names = [column.name for column in table.columns if column.is_text and not is_replaced(column, access)]
    return search_for(snapshot, table, names, text, clauses.keep(text), sees_all)


def _condition(condition: Filter, snapshot: OpenSnapshot, table: ShownTable, access: Access, clauses: _Clauses) -> str:
    column = table.by_name[condition.column]
    name = quoted(column.name)
    if condition.operator == "null":
        return f"{name} is null" if condition.value in ("", "yes") else f"{name} is not null"
    if condition.operator == "contains":
        return f"contains(lower(cast({name} as varchar)), {clauses.keep(condition.value.casefold())})"
    if is_replaced(column, access):
        return _is_pseudonym(snapshot, column, table, condition.value, clauses)
    if column.type.endswith("]"):
        kind = column.type.rpartition("[")[0]
        _check_value(snapshot, kind, condition)
        return f"list_contains({name}, cast({clauses.keep(condition.value)} as {kind}))"
    _check_value(snapshot, column.type, condition)
    sign = {"": "=", "min": ">=", "max": "<="}[condition.operator]
    return f"{name} {sign} cast({clauses.keep(condition.value)} as {column.type})"


def _is_pseudonym(snapshot: OpenSnapshot, column: ShownColumn, table: ShownTable, shown: str, clauses: _Clauses) -> str:
    """Return the condition that a replaced column shows a text; places tell the rows, since values are replaced."""
    if column.personal != IDENTIFIER:
        return f"{quoted(column.name)} = {clauses.keep(shown)}"
    value = value_of(snapshot, table, column, shown)
    if value is None:
        return "false"
    wanted = f"cast({clauses.keep(value)} as {column.type})" if column.type != "VARCHAR" else clauses.keep(value)
    source = table.source
    return f"{STORED_ROW} in (select rowid from {source} where {quoted(column.name)} = {wanted})"  # noqa: S608 - quoted


def _check_value(snapshot: OpenSnapshot, kind: str, condition: Filter) -> None:
    if kind == "VARCHAR":
        return
    (found,) = snapshot.kept(f"select try_cast($v as {kind})", {"v": condition.value}).rows[0]
    if found is None:
        raise WrongParameterError(f"the value {condition.value[:60]!r} of {condition.parameter} is no {kind.lower()}")


def as_sql(table: ShownTable, request: ListRequest) -> str:
    """Return the SQL of a page for a person who asks the snapshot itself, which replaces nothing."""
    where = []
    for condition in request.filters:
        name, text = _plain(condition.column), condition.value.replace("'", "''")
        where.append(
            {
                "": f"{name} = '{text}'",
                "min": f"{name} >= '{text}'",
                "max": f"{name} <= '{text}'",
                "contains": f"contains(lower({name}::varchar), '{text.casefold()}')",
                "null": f"{name} is null" if condition.value in ("", "yes") else f"{name} is not null",
            }[condition.operator]
        )
    if request.search:
        text = request.search.casefold().replace("'", "''")
        found = [f"contains(lower({_plain(column.name)}), '{text}')" for column in table.columns if column.is_text]
        where.append(f"({' or '.join(found) or 'false'})")
    direction = " desc" if request.is_descending else ""
    order = f"{_plain(request.sort)}{direction} nulls last, rowid" if request.sort else "rowid"
    conditions = f" where {' and '.join(where)}" if where else ""
    return f"from {table.schema}.{_plain(table.name)}{conditions} order by {order} limit {request.limit}"


def _plain(name: str) -> str:
    """Return a name for people: quoted only where SQL needs it."""
    return name if name.isidentifier() and name.lower() == name and name not in _RESERVED else quoted(name)


_RESERVED = frozenset({"columns", "limit", "order", "group", "column", "table", "select", "where", "from", "position"})


def parameters_of(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the parameters of a QueryDict, each name with each of its values."""
    lists: Iterable[tuple[str, list[str]]] = request.lists()  # type: ignore[attr-defined]
    return [(name, value) for name, values in lists for value in values]
