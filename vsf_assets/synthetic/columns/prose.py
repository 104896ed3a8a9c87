"""Generates sentences.

Here: the number and the choice of a row's sentences. Not here: the sentences themselves
(synthetic/model/word_pools.py).
"""

from functools import cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import LARGEST_SPACE, Numbers, below, draws, lanes, permuted
from vsf_assets.synthetic.model.schema import Column


def text(column: Column, request: Request) -> Maker:
    """Texts of sentences; the options `from` and `to` bound the number of sentences."""
    if column.is_unique:
        return _unique_text(column, request)
    counts = _counter(column, request)
    return lambda row_range: _written(column, request, row_range, counts(row_range), ())


def _unique_text(column: Column, request: Request) -> Maker:
    """Texts that begin differently in every row.

    If texts with the smallest number of sentences are enough for all rows, their first sentences enumerate the
    beginnings. Otherwise the rows enumerate all texts, from the shortest on.
    """
    size, fewest, maximum = pools.sentences().size, column.options["from"], column.options["to"]
    key = request.key(column, "unique")
    leading = next(number for number in range(64) if size**number >= max(request.rows, 1))
    if leading <= fewest:
        counts, space = _counter(column, request), min(size**leading, LARGEST_SPACE)

        def begin(row_range: RowRange) -> pl.Series:
            digits = _digits(permuted(key, row_range.rows, space), leading)
            return _written(column, request, row_range, counts(row_range), digits)

        return begin
    ends = list(accumulate(size**number for number in range(fewest, min(maximum, leading) + 1)))
    space = request.room(column, *ends)

    def count(row_range: RowRange) -> pl.Series:
        numbers = permuted(key, row_range.rows, space)
        class_of = np.searchsorted(np.array(ends, dtype=np.uint64), numbers, side="right")
        begins = np.array([0, *ends[:-1]], dtype=np.uint64)[class_of]
        return _written(column, request, row_range, class_of + fewest, _digits(numbers - begins, leading))

    return count


def _counter(column: Column, request: Request) -> "_Counter":
    return _Counter(request.key(column, "count"), column.options["from"], column.options["to"])


class _Counter:
    """Draws the number of sentences of each row."""

    def __init__(self, key: np.uint64, fewest: int, maximum: int) -> None:
        self._key, self._fewest, self._span = key, fewest, maximum - fewest + 1

    def __call__(self, row_range: RowRange) -> npt.NDArray[np.int64]:
        return below(draws(self._key, row_range.rows), self._span).astype(np.int64) + self._fewest


def _digits(numbers: Numbers, count: int) -> tuple[Numbers, ...]:
    """Return the digits of numbers in the base of the number of sentences, the lowest first."""
    found = []
    for _ in range(count):
        numbers, digit = np.divmod(numbers, np.uint64(pools.sentences().size))
        found.append(digit)
    return tuple(found)


def _written(
    column: Column,
    request: Request,
    row_range: RowRange,
    counts: npt.NDArray[np.int64],
    first: tuple[Numbers, ...],
) -> pl.Series:
    """Return texts of `counts` sentences: the sentences of `first`, then random ones."""
    maximum = int(counts.max(initial=0))
    if not maximum:
        return pl.Series([""], dtype=pl.String).new_from_index(0, len(row_range.rows))
    drawn: npt.NDArray[np.uint16] = np.empty((0, 4), dtype=np.uint16)
    parts = []
    for place in range(maximum):
        if place < len(first):
            chosen = first[place].astype(np.uint32)
        else:
            if place % 4 == 0 or not drawn.size:
                drawn = lanes(request.key(column, f"sentences {place // 4}"), row_range.rows)
            chosen = pools.sentences().places(drawn[:, place % 4])
        words = _following() if place else _leading()
        # After the last sentence of a row, the empty text at the end of each list is used.
        parts.append(words.gather(pl.Series(np.where(place < counts, chosen, np.uint32(len(words) - 1)))))
    return joined(*parts)


@cache
def _following() -> pl.Series:
    """Sentences with a space before them, and the empty text."""
    return pools.series([*(f" {sentence}" for sentence in pools.sentences().words), ""])


@cache
def _leading() -> pl.Series:
    return pools.series([*pools.sentences().words, ""])
