"""The order in which readers of pseudonyms get the rows of a table: a keyed permutation of their places.

Here: the permutation and its inverse, so that a page of a million rows is a look-up of its places. Not here: which
tables have it (masking.py), and lists (page_places.py).

Models store rows in the order of their keys, so that places would rank people. The permutation is a Feistel network of
ten rounds (Luby and Rackoff 1988: four rounds of random functions are a pseudo-random permutation), whose round
functions are tables of random numbers drawn by SHAKE-256 from a key per snapshot and table: else rows added between two
snapshots would tell the order. Row numbers that are shown are its values, from a range at least as large as the table.
"""

import hmac
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings

from vsf_assets.portal.data.table_catalog import ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.uint32]]

ROUNDS = 10

FEWEST_BITS = 8
"""Bits of half a number of the smallest tables; the range has twice as many."""

_FEW, _MANY = 2**14, 2**22
"""Rows up to which all numbers are computed for a page, and up to which they are kept."""


def key_of(snapshot: OpenSnapshot, table: ShownTable, what: str = "rows") -> bytes:
    """Return the key of an order: it changes with each snapshot and table."""
    name = f"{what} of {table.full_name} in {snapshot.name}, {snapshot.published}"
    return hmac.digest(settings.VSF_PSEUDONYM_KEY, name.encode(), "sha256")


def row_order(snapshot: OpenSnapshot, table: ShownTable) -> "RowOrder":
    """Return the order of a table; it is made once per snapshot."""
    key = ("row order", table.full_name)
    if key not in snapshot.cache:
        snapshot.cache[key] = RowOrder(key_of(snapshot, table), table.places)
    found: RowOrder = snapshot.cache[key]
    return found


class RowOrder:
    """A keyed permutation: place of a row <-> its shown number. Rows are listed by shown number."""

    def __init__(self, key: bytes, rows: int) -> None:
        """Take the key, and the number of places of the table (up to 2**32)."""
        import hashlib

        import numpy as np

        self._rows = rows
        self._bits = max(FEWEST_BITS, (max(rows - 1, 1).bit_length() + 1) // 2)
        size = 1 << self._bits
        drawn = np.frombuffer(hashlib.shake_256(key).digest(2 * ROUNDS * size), dtype="<u2")
        self._tables = (drawn.reshape(ROUNDS, size) & (size - 1)).astype(np.uint32)

    def shown(self, places: "Numbers") -> "Numbers":
        """Return the shown numbers of places."""
        if self._rows <= _MANY and len(places) > self._rows // 8:
            return self._all[places]
        return self._permuted(places)

    def places(self, shown: "Numbers") -> "Numbers":
        """Return the places of shown numbers; those of numbers that no row has are not below the number of rows."""
        left, right = shown >> self._bits, shown & ((1 << self._bits) - 1)
        for table in self._tables[::-1]:
            left, right = right ^ table[left], left
        joined: Numbers = ((left << self._bits) | right).astype("uint32", copy=False)
        return joined

    def place(self, number: int) -> int:
        """Return the place of one shown number; the table may have no such row."""
        import numpy as np

        if not 0 <= number < 1 << 2 * self._bits:
            return self._rows
        return int(self.places(np.array([number], dtype=np.uint32))[0])

    def of_places(self, places: list[int]) -> list[tuple[int, int]]:
        """Return (shown number, place) of some rows, in order."""
        import numpy as np

        return self.smallest(np.array(places, dtype=np.uint32), -1, len(places))

    def page(self, after: int, limit: int) -> list[tuple[int, int]]:
        """Return (shown number, place) of the first rows after a shown number, in order."""
        import numpy as np

        if self._rows <= _FEW:
            return self.smallest(np.arange(self._rows, dtype=np.uint32), after, limit)
        found: list[tuple[int, int]] = []
        end = 1 << 2 * self._bits
        step = limit * end // self._rows + 64  # at least a quarter of the numbers are rows
        while len(found) < limit and after + 1 < end:
            numbers = np.arange(after + 1, min(after + 1 + step, end), dtype=np.uint32)
            places = self.places(numbers)
            is_row = places < self._rows
            found += zip(numbers[is_row].tolist(), places[is_row].tolist(), strict=True)
            after = int(numbers[-1])
        return found[:limit]

    def smallest(self, places: "Numbers", after: int, limit: int, offset: int = 0) -> list[tuple[int, int]]:
        """Return (shown number, place) of the first of some rows after a shown number, in order."""
        import numpy as np

        numbers = self.shown(places)
        if after >= 0:
            numbers = numbers[numbers > after]
        if len(numbers) > offset + limit:
            numbers = np.partition(numbers, offset + limit)[: offset + limit]
        numbers = np.sort(numbers)[offset:]
        return list(zip(numbers.tolist(), self.places(numbers).tolist(), strict=True))

    @cached_property
    def _all(self) -> "Numbers":
        import numpy as np

        return self._permuted(np.arange(self._rows, dtype=np.uint32))

    def _permuted(self, places: "Numbers") -> "Numbers":
        places = places.astype("uint32", copy=False)
        left, right = places >> self._bits, places & ((1 << self._bits) - 1)
        for table in self._tables:
            left, right = right, left ^ table[right]
        joined: Numbers = ((left << self._bits) | right).astype("uint32", copy=False)
        return joined
