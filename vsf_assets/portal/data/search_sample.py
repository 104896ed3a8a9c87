"""The keys of a large table's first rows in the keyed order, held in memory, so that a common search ends there.

Here: making them once per snapshot, and the search. Not here: which columns a search reads (searched_texts.py), and the
order itself (row_order.py).

Rows that stand beside each other in the keyed order lie anywhere in the table, so the first page of a search needs all
rows that it finds. Among the first rows of that order, a text that one row in a thousand holds is found often enough
for a page: then the other rows come later, and need not be read.
"""

import threading
from contextlib import suppress

from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.data.page_places import Place
from vsf_assets.portal.data.row_order import RowOrder
from vsf_assets.portal.data.searched_texts import Search, key_columns
from vsf_assets.portal.data.table_catalog import ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot, QueryTooLargeError

SAMPLE_ROWS = 2**16
"""Rows whose keys are held."""

MOST_CHARACTERS = 8_000_000
"""Characters of their keys together; where they are longer, none are held."""

_SHARE = 0.2
"""Part of the time of a request that may be spent on making a sample."""

_MAKING = threading.Lock()
"""Held while a sample is made; others do without."""


def first_found(
    snapshot: OpenSnapshot, table: ShownTable, order: RowOrder, search: Search, text: str, after: int, limit: int
) -> list[Place]:
    """Return the first rows that a search finds after a shown number, in order; fewer than `limit` tell nothing.

    Raises:
        QueryTooLargeError, TooManyQueriesError: as `OpenSnapshot.query`.
    """
    if search.has_others or not set(search.keys) <= _sampled(snapshot, table, order):
        return []
    # Rows come in the order in which they were put in, and DuckDB stops when it has enough.
    where = f"where {search.condition} and _number > {after} limit {limit}"
    sql = f"select _number, _place from {_name(table)} {where}"  # noqa: S608 - quoted names
    rows = snapshot.query(sql, {search.parameter.removeprefix("$"): text}).rows
    return [(number, place) for number, place in rows]


def _sampled(snapshot: OpenSnapshot, table: ShownTable, order: RowOrder) -> frozenset[str]:
    """Return the columns that the sample of a table has; make it if nobody else does at the moment."""
    key = ("sample", table.full_name)
    if key not in snapshot.cache and _MAKING.acquire(blocking=False):
        try:
            names = key_columns(snapshot, table)
            if names is not None and key not in snapshot.cache:
                snapshot.cache[key] = _make(snapshot, table, order, names) if names else frozenset()
        finally:
            _MAKING.release()
    found: frozenset[str] = snapshot.cache.get(key, frozenset())
    return found


def _make(snapshot: OpenSnapshot, table: ShownTable, order: RowOrder, names: list[str]) -> frozenset[str]:
    """Put the keys of the first rows into a table in memory; return its columns, none where it would be too large."""
    import numpy as np

    source = table.source
    numbers = np.array(order.page(-1, SAMPLE_ROWS), dtype=np.int64).reshape(-1, 2)
    columns = ", ".join(quoted(name) for name in names)
    characters = " + ".join(f"coalesce(sum(strlen({quoted(name)})), 0)" for name in names)
    seconds = _SHARE * (snapshot.budget.seconds or snapshot.limits.seconds)
    with suppress(QueryTooLargeError), snapshot.cursor(seconds) as cursor:
        cursor.register("sampled", {"_number": numbers[:, 0].copy(), "_place": numbers[:, 1].copy()})
        try:
            joined = f"from sampled join {source} on rowid = _place"
            ((length,),) = cursor.execute(f"select {characters} {joined}").fetchall()
            if length <= MOST_CHARACTERS:
                rows = f"select _number, _place, {columns} {joined} order by _number"
                cursor.execute(f"create or replace table {_name(table)} as {rows}")
                return frozenset(names)
        finally:
            cursor.unregister("sampled")
    return frozenset()


def _name(table: ShownTable) -> str:
    """Return the name of a table's sample, in the database in memory that the snapshot is attached to."""
    return f"memory.main.{quoted(f'keys of {table.full_name}')}"
