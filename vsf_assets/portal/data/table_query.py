"""Lists of rows: filters, search, sort and keyset pages, read from the address and turned into SQL.

Here: the form of the parameters, their checks, and the queries. Every value is a parameter of the SQL, every name is
one of the table's. Not here: what may be seen (masking.py), and how a page shows it (table_views.py).

Parameters: `column=value`, `column__contains=text`, `column__min=value`, `column__max=value`, `column__null=yes`;
`_search=text`, `_sort=column` or `-column`, `_limit=number`, `_after=cursor`. A cursor holds the snapshot's number.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.common.visible_text import visible
from vsf_assets.contracts.table import IDENTIFIER
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import ROW, STORED_ROW, is_replaced, pseudonym_sql, quoted, seen_source
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.portal.shared.request_errors import SnapshotChangedError, WrongParameterError
from vsf_assets.snapshots.pool import OpenSnapshot, Rows

PAGE, LARGEST_PAGE = 50, 1000

SEARCH, SORT, LIMIT, AFTER = "_search", "_sort", "_limit", "_after"
_CONTROLS = {SEARCH, SORT, LIMIT, AFTER}

OPERATORS = {"": "=", "contains": "contains", "min": "≥", "max": "≤", "null": "is empty"}
"""Ending of a parameter -> what it means."""

LONGEST_VALUE = 1000
"""Characters of a value that a filter compares."""


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

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the address, without the cursor."""
        found = [(condition.parameter, condition.value) for condition in self.filters]
        found += [(SEARCH, self.search)] if self.search else []
        found += [(SORT, f"-{self.sort}" if self.is_descending else self.sort)] if self.sort else []
        return found + ([(LIMIT, str(self.limit))] if self.limit != PAGE else [])


@dataclass(frozen=True)
class Page:
    """A page of a list: the rows without their numbers, the numbers, and the next page's cursor, empty at the end."""

    rows: Rows
    numbers: list[int]
    next: str


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

    @property
    def sql(self) -> str:
        return f" where {' and '.join(self.where)}" if self.where else ""


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
    clauses, source = _conditions(snapshot, table, access, request)
    order = _order(table, request, snapshot, clauses)
    numbers = f"{ROW}, {STORED_ROW}"
    sql = f"select {numbers} from {source}{clauses.sql} order by {order} limit {request.limit + 1}"  # noqa: S608 - quoted names
    found = snapshot.kept(sql, clauses.values, LARGEST_PAGE + 1).rows
    kept = found[: request.limit]
    # So that values are replaced in the page's rows alone.
    source, values = seen_source(snapshot, table, access, [place for _, place in kept])
    shown = snapshot.kept(f"select * exclude ({STORED_ROW}) from {source}", values)  # noqa: S608 - quoted names
    by_number = {row[0]: row for row in shown.rows}
    rows = [by_number[number] for number, _ in kept]
    cursor = _cursor(snapshot, table, request, rows[-1]) if len(found) > request.limit else ""
    return Page(
        Rows(shown.names[1:], shown.types[1:], [row[1:] for row in rows]), [number for number, _ in kept], cursor
    )


def count_rows(snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest) -> int:
    """Return the number of rows of the whole list; raises what `list_rows` raises."""
    clauses, source = _conditions(snapshot, table, access, request)
    return int(snapshot.kept(f"select count(*) from {source}{clauses.sql}", clauses.values).rows[0][0])  # noqa: S608


def rows_seen(snapshot: OpenSnapshot, table: ShownTable, access: Access) -> int:
    """Return the number of rows of a table that the reader may see; raises what `list_rows` raises."""
    return table.rows if access.rows_of_feeds(table) is None else count_rows(snapshot, table, access, ListRequest())


def selection(
    snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest
) -> tuple[str, dict[str, Any]]:
    """Return the SQL of the whole list, without the numbers of rows, and the values of its parameters."""
    clauses, source = _conditions(snapshot, table, access, request)
    order = _order(table, replace(request, after=""), snapshot, clauses)
    return f"select * exclude ({ROW}, {STORED_ROW}) from {source}{clauses.sql} order by {order}", clauses.values  # noqa: S608


def _conditions(
    snapshot: OpenSnapshot, table: ShownTable, access: Access, request: ListRequest
) -> tuple[_Clauses, str]:
    clauses = _Clauses()
    source, values = seen_source(snapshot, table, access)
    clauses.values.update(values)
    if request.condition:
        clauses.where.append(request.condition)
        clauses.values.update(request.condition_values)
    for condition in request.filters:
        clauses.where.append(_condition(condition, snapshot, table, access, clauses))
    if request.search:
        text = clauses.keep(request.search.casefold())
        places = [c for c in table.columns if c.is_text and not is_replaced(c, access)]
        found = [f"contains(lower({quoted(column.name)}), {text})" for column in places]
        clauses.where.append(f"({' or '.join(found)})" if found else f"{text} is null")
    return clauses, source


def _condition(condition: Filter, snapshot: OpenSnapshot, table: ShownTable, access: Access, clauses: _Clauses) -> str:
    column = table.by_name[condition.column]
    name = quoted(column.name)
    if condition.operator == "null":
        return f"{name} is null" if condition.value in ("", "yes") else f"{name} is not null"
    if condition.operator == "contains":
        return f"contains(lower(cast({name} as varchar)), {clauses.keep(condition.value.casefold())})"
    if is_replaced(column, access):
        return _is_pseudonym(column, table, condition.value, clauses)
    if column.type.endswith("]"):
        kind = column.type.rpartition("[")[0]
        _check_value(snapshot, kind, condition)
        return f"list_contains({name}, cast({clauses.keep(condition.value)} as {kind}))"
    _check_value(snapshot, column.type, condition)
    sign = {"": "=", "min": ">=", "max": "<="}[condition.operator]
    return f"{name} {sign} cast({clauses.keep(condition.value)} as {column.type})"


def _is_pseudonym(column: ShownColumn, table: ShownTable, value: str, clauses: _Clauses) -> str:
    """Return the condition that a replaced column shows a value; each different value is replaced once only."""
    if column.personal != IDENTIFIER:
        return f"{quoted(column.name)} = {clauses.keep(value)}"
    shown = pseudonym_sql("v", clauses.values)
    values = (
        f"select distinct cast({quoted(column.name)} as varchar) as v"  # noqa: S608 - quoted names
        f" from {quoted(table.schema)}.{quoted(table.name)}"
    )
    numbers = (
        f"select rowid from {quoted(table.schema)}.{quoted(table.name)}"  # noqa: S608 - quoted names
        f" where cast({quoted(column.name)} as varchar) in (select v from ({values})"
        f" where v is not null and case when v = 'unknown' then v else {shown} end = {clauses.keep(value)})"
    )
    return f"{STORED_ROW} in ({numbers})"


def _check_value(snapshot: OpenSnapshot, kind: str, condition: Filter) -> None:
    if kind == "VARCHAR":
        return
    (found,) = snapshot.query(f"select try_cast($v as {kind})", {"v": condition.value}).rows[0]
    if found is None:
        raise WrongParameterError(f"{condition.parameter}: {condition.value[:60]!r} is no {kind.lower()}")


def _order(table: ShownTable, request: ListRequest, snapshot: OpenSnapshot, clauses: _Clauses) -> str:
    """Return the order of a list, and add the condition of its cursor."""
    if request.after:
        value, number = _read_cursor(request, snapshot)
        row = clauses.keep(number)
        if not request.sort:
            clauses.where.append(f"{ROW} > {row}")
        else:
            name, kind = quoted(request.sort), table.by_name[request.sort].type
            if value is None:
                clauses.where.append(f"{name} is null and {ROW} > {row}")
            else:
                last = f"cast({clauses.keep(value)} as {kind})"
                sign = "<" if request.is_descending else ">"
                clauses.where.append(f"({name} {sign} {last} or ({name} = {last} and {ROW} > {row}) or {name} is null)")
    if not request.sort:
        return ROW
    return f"{quoted(request.sort)} {'desc' if request.is_descending else 'asc'} nulls last, {ROW}"


def _cursor(snapshot: OpenSnapshot, table: ShownTable, request: ListRequest, last: tuple[Any, ...]) -> str:
    value = None
    if request.sort:
        place = [column.name for column in table.columns].index(request.sort) + 1
        value = None if last[place] is None else str(last[place])
    content = json.dumps([snapshot.number, value, last[0]]).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read_cursor(request: ListRequest, snapshot: OpenSnapshot) -> tuple[str | None, int]:
    try:
        content = json.loads(base64.urlsafe_b64decode(request.after + "=" * (-len(request.after) % 4)))
        number, value, row = content
        is_valid = isinstance(number, int) and isinstance(row, int) and 0 <= row < 2**62
        if not is_valid or not (value is None or isinstance(value, str)):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise WrongParameterError(f"{AFTER} is no cursor; begin again without it") from None
    if number != snapshot.number:
        raise SnapshotChangedError(
            f"snapshot {snapshot.number} was published since this list began in snapshot {number};"
            f" begin again without {AFTER}"
        )
    return value, row


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
