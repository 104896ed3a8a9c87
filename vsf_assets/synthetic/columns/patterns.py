"""Generates texts that match a regular expression of the safe subset.

Here: the plan of words, branches and repetitions, and the choice of each row. Not here: the grammar
(synthetic/model/regex_grammar.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import prod

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined
from vsf_assets.synthetic.model.counter_prng import LARGEST_SPACE, lanes, permuted
from vsf_assets.synthetic.model.regex_grammar import Characters, Either, Part, Repeated, Series
from vsf_assets.synthetic.model.schema import Column, SchemaError
from vsf_assets.synthetic.model.word_pools import Pool

_MOST_WORDS = 4096
"""Largest number of words into which neighbouring characters are combined; fewer words are even."""

_JOINED = 16
"""Number of parts that are concatenated at once, so that long texts need little memory."""

Mask = npt.NDArray[np.bool_] | None


@dataclass(frozen=True)
class _Words:
    """One of some words; `pool` has the empty text as one more word at the end, for rows without it."""

    words: tuple[str, ...]
    pool: Pool
    texts: pl.Series


@dataclass(frozen=True)
class _Branches:
    """One of several lists of steps."""

    branches: tuple["_Steps", ...]
    pool: Pool


@dataclass(frozen=True)
class _Times:
    """Steps, repeated between `fewest` and `most` times.

    Repetitions of some words are picked several at once: `several` has the pools of one, two, ... words, `texts` the
    empty text and all their words, and `first` the place of the first word of each pool.
    """

    steps: "_Steps"
    fewest: int
    most: int
    pool: Pool
    several: tuple[Pool, ...] | None = None
    texts: pl.Series = field(default_factory=lambda: pl.Series([""]))
    first: tuple[int, ...] = ()


_Steps = Sequence[_Words | _Branches | _Times]


def regular_expression(column: Column, request: Request) -> Maker:
    """Texts that match the expression; each branch and each number of repetitions is equally frequent.

    Raises:
        SchemaError: the column is unique, and the expression has branches or texts of different lengths, or too few
            texts.
    """
    steps = _planned(column.options["pattern"].tree)
    if column.is_unique:
        return _unique(column, request, steps)

    def make(row_range: RowRange) -> pl.Series:
        row = _Row(column, request, row_range)
        row.add(steps, None)
        return row.text()

    return make


class _Row:
    """The texts of a range of rows, as far as they are made."""

    def __init__(self, column: Column, request: Request, row_range: RowRange) -> None:
        self._column, self._request, self._rows = column, request, row_range.rows
        self._used, self._lanes = 0, np.empty((0, 4), dtype=np.uint16)
        self._parts: list[pl.Series | str] = [pl.Series([""]).new_from_index(0, self._rows.size)]

    def add(self, steps: _Steps, mask: Mask) -> None:
        """Append the texts of steps to the rows of the mask."""
        for step in steps:
            if isinstance(step, _Words):
                self._append(step, mask)
            elif isinstance(step, _Branches):
                chosen = step.pool.places(self._lane())
                for place, branch in enumerate(step.branches):
                    self.add(branch, _both(mask, chosen == place))
            else:
                self._add_times(step, mask)

    def _add_times(self, step: _Times, mask: Mask) -> None:
        count = step.pool.places(self._lane()) + step.fewest
        if step.several is None:
            for turn in range(step.most):
                self.add(step.steps, mask if turn < step.fewest else _both(mask, turn < count))
            return
        size = len(step.several)
        for start in range(0, step.most, size):
            drawn, chosen = self._lane(), np.zeros(self._rows.size, dtype=np.uint32)
            left = count - np.minimum(count, start)
            left = np.minimum(left if mask is None else np.where(mask, left, 0), size)
            for number, pool in enumerate(step.several, 1):
                chosen = np.where(left == number, pool.places(drawn) + step.first[number - 1], chosen)
            self._keep(step.texts.gather(pl.Series(chosen.astype(np.uint32))))

    def text(self) -> pl.Series:
        """Return the texts."""
        return joined(*self._parts)

    def _append(self, step: _Words, mask: Mask) -> None:
        if len(step.words) == 1 and mask is None:
            self._parts.append(step.words[0])
        else:
            places = step.pool.places(self._lane()) if len(step.words) > 1 else np.zeros(self._rows.size, np.uint32)
            chosen = places if mask is None else np.where(mask, places, np.uint32(len(step.words)))
            self._keep(step.texts.gather(pl.Series(chosen)))

    def _keep(self, part: pl.Series) -> None:
        self._parts.append(part)
        if len(self._parts) > _JOINED:
            self._parts = [joined(*self._parts)]

    def _lane(self) -> npt.NDArray[np.uint16]:
        """Return the next 16 random bits of each row."""
        turn, place = divmod(self._used, 4)
        if place == 0:
            self._lanes = lanes(self._request.key(self._column, f"pattern {turn}"), self._rows)
        self._used += 1
        return self._lanes[:, place]


def _both(mask: Mask, other: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return other if mask is None else mask & other


def _planned(part: Part) -> _Steps:
    """Return the steps of an expression, with neighbouring characters combined into words."""
    steps: list[_Words | _Branches | _Times] = []
    words: list[str] = [""]

    def flush() -> None:
        if words != [""]:
            steps.append(_words(words))

    for step in _flat(part):
        if isinstance(step, Characters):
            if len(words) * len(step.allowed) > _MOST_WORDS:
                flush()
                words = [""]
            words = [word + letter for word in words for letter in step.allowed]
            continue
        flush()
        words = [""]
        if isinstance(step, Either):
            branches = tuple(_planned(branch) for branch in step.branches)
            steps.append(_Branches(branches, Pool([""] * len(branches))))
        else:
            steps.append(_times(step))
    flush()
    return steps


def _times(part: Repeated) -> _Times:
    steps, pool = _planned(part.part), Pool([""] * (part.most - part.fewest + 1))
    one = steps[0].words if len(steps) == 1 and isinstance(steps[0], _Words) else ()
    if len(one) < 2 or part.most < 2:
        return _Times(steps, part.fewest, part.most, pool)
    lists = [list(one)]
    while len(lists[-1]) * len(one) <= _MOST_WORDS and len(lists) < part.most:
        lists.append([word + letter for word in lists[-1] for letter in one])
    first = tuple(accumulate((len(words) for words in lists[:-1]), initial=1))
    texts = pl.Series(["", *(word for words in lists for word in words)], dtype=pl.String)
    return _Times(steps, part.fewest, part.most, pool, tuple(map(Pool, lists)), texts, first)


def _words(words: list[str]) -> _Words:
    return _Words(tuple(words), Pool(words), pl.Series([*words, ""], dtype=pl.String))


def _flat(part: Part) -> list[Characters | Either | Repeated]:
    """Return the parts of a series in order; a fixed number of repetitions is written out."""
    if isinstance(part, Series):
        return [step for each in part.parts for step in _flat(each)]
    if isinstance(part, Repeated) and part.fewest == part.most:
        return [step for _ in range(part.most) for step in _flat(part.part)]
    return [part]


def _unique(column: Column, request: Request, steps: _Steps) -> Maker:
    """Return a maker of distinct texts, for expressions whose texts all have the same form."""
    words = [step for step in steps if isinstance(step, _Words)]
    if len(words) != len(steps):
        raise SchemaError(
            f"column {column.name!r}, option unique: an expression with |, ?, *, + or {{m,n}} could give one text in"
            " several ways; write one with fixed repetitions, like [A-Z]{2}-\\d{6}"
        )
    size = request.room(column, prod(len(step.words) for step in words))
    key = request.key(column, "unique")

    def make(row_range: RowRange) -> pl.Series:
        row = _Row(column, request, row_range)
        rest, left, texts = permuted(key, row_range.rows, size), LARGEST_SPACE, []
        for step in reversed(words):
            if left >= len(step.words):
                rest, places = np.divmod(rest, np.uint64(len(step.words)))
                texts.append(step.texts.gather(pl.Series(places.astype(np.uint32))))
                left //= len(step.words)
            else:  # the rows are distinct already; what the numbers do not reach is drawn
                row.add([step], None)
                texts.append(row.text())
                row = _Row(column, request, row_range)
        return joined(*reversed(texts))

    return make
