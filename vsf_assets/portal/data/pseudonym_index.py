"""Which value a pseudonym stands for: an index per column and snapshot, since a digest cannot be turned back.

Here: making the index once, and looking a pseudonym up. Not here: how a pseudonym is made (masking.py), and conditions
(table_query.py).

The index has 60 bits of each different value's pseudonym and the place of one row that has the value: 12 bytes for
each value, and no value itself.
"""

import hmac
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from vsf_assets.masking.pseudonyms import PSEUDONYM, PSEUDONYM_DIGITS, UNKNOWN, quoted
from vsf_assets.portal.data.masking import pseudonym_sql
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot

if TYPE_CHECKING:
    import numpy as np

_DIGITS = 15
"""Hexadecimal digits of a pseudonym in the index."""

_MAKING = threading.Lock()
"""Held while an index is made, so that requests that need the same one make it once."""


@dataclass(frozen=True)
class _Index:
    """Beginnings of pseudonyms, ascending, and for each the place of a row with its value."""

    digits: "np.ndarray[Any, Any]"
    places: "np.ndarray[Any, Any]"


def value_of(snapshot: OpenSnapshot, table: ShownTable, column: ShownColumn, shown: str) -> str | None:
    """Return the value, as text, of a column that is shown as a pseudonym; None if the column has no such value.

    Raises:
        QueryTooLargeError, TooManyQueriesError: the limits of queries; the column has too many different values.
    """
    import numpy as np

    if shown == UNKNOWN:
        return UNKNOWN
    digits = shown.removeprefix(PSEUDONYM)
    if len(shown) != len(PSEUDONYM) + PSEUDONYM_DIGITS or not set(digits) <= set("0123456789abcdef"):
        return None
    index = _index(snapshot, table, column)
    wanted = int(digits[:_DIGITS], 16)
    first = int(np.searchsorted(index.digits, wanted, "left"))
    end = int(np.searchsorted(index.digits, wanted, "right"))
    for place in index.places[first:end].tolist():
        source = table.source
        sql = f"select cast({quoted(column.name)} as varchar) from {source} where rowid = {place}"  # noqa: S608 - quoted
        value = str(snapshot.query(sql).rows[0][0])
        digest = hmac.digest(settings.VSF_PSEUDONYM_KEY, value.encode(), "sha256").hex()
        if hmac.compare_digest(digest[:PSEUDONYM_DIGITS], digits):
            return value
    return None


def _index(snapshot: OpenSnapshot, table: ShownTable, column: ShownColumn) -> _Index:
    key = ("pseudonyms", table.full_name, column.name)
    if key not in snapshot.cache:
        with _MAKING:
            if key not in snapshot.cache:
                snapshot.cache[key] = _make(snapshot, table, column)
    found: _Index = snapshot.cache[key]
    return found


def _make(snapshot: OpenSnapshot, table: ShownTable, column: ShownColumn) -> _Index:
    import numpy as np

    values: dict[str, Any] = {}
    shown = pseudonym_sql("v", values)
    distinct = (
        f"select min(rowid) as place, cast({quoted(column.name)} as varchar) as v"  # noqa: S608 - quoted names
        f" from {table.source} group by v"
    )
    digits = f"cast('0x' || substr({shown}, {len(PSEUDONYM) + 1}, {_DIGITS}) as bigint)"
    places, found = snapshot.arrays(
        f"select place, {digits} as digits from ({distinct}) where v is not null and v <> '{UNKNOWN}'",  # noqa: S608
        values,
    )
    order = np.argsort(found)
    return _Index(found[order], places[order].astype(np.uint32))
