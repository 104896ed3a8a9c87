"""Generates numbers of a normal distribution, the same on every machine.

Here: the quantile function as tables, and numbers within bounds. Not here: other numbers (plain_values.py). Logarithms
and sines of a library can differ in the last bit between machines, so they are used for the tables alone, which are
rounded; the rest is additions and multiplications, which IEEE 754 defines exactly.
"""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange
from vsf_assets.synthetic.columns.plain_values import scaled_decimals
from vsf_assets.synthetic.model.counter_prng import Numbers, below, draws
from vsf_assets.synthetic.model.schema import Column, SchemaError

Floats = npt.NDArray[np.float64]

CELLS = 4096
"""Number of parts of a table; the quantile is a straight line within a part."""

UNIT = 2.0**-32
"""Table values are multiples of it, so that a last bit that differs between machines is rounded away."""

_LEVELS = 3
_CELL_BITS = 12


def normal(column: Column, request: Request) -> Maker:
    """Exact decimal numbers of a normal distribution; with bounds, of the distribution between them.

    Raises:
        SchemaError: no number lies between the bounds.
    """
    options, places = column.options, column.options["places"]
    mean, deviation = (float(options[name].scaleb(places)) for name in ("mean", "deviation"))
    lowest, highest = (
        open_end if options[end] is None else int(options[end].scaleb(places))
        for end, open_end in (("from", -math.inf), ("to", math.inf))
    )

    def value(numbers: Numbers) -> Floats:
        return np.rint(standard_normal(numbers) * deviation + mean)

    first = _first_number(lambda number: number >= lowest, value)
    end = _first_number(lambda number: number > highest, value)
    if first >= end:
        raise SchemaError(f"column {column.name!r}, option from: no number lies between from and to")
    key, start = request.key(column, "normal"), np.uint64(first)

    def make(row_range: RowRange) -> pl.Series:
        numbers = below(draws(key, row_range.rows), end - first) + start
        return scaled_decimals(pl.Series(value(numbers).astype(np.int64)), places, 18)

    return make


def _first_number(is_beyond: Callable[[float], bool], value: Callable[[Numbers], Floats]) -> int:
    """Return the smallest number below 2**64 whose value is beyond a bound, else 2**64; values ascend."""
    lowest, highest = 0, 2**64
    while lowest < highest:
        middle = (lowest + highest) // 2
        if is_beyond(float(value(np.array([middle], dtype=np.uint64))[0])):
            highest = middle
        else:
            lowest = middle + 1
    return lowest


def standard_normal(numbers: Numbers) -> Floats:
    """Return the quantile of the standard normal distribution at each number / 2**64; it ascends with the number."""
    is_upper = numbers >> np.uint64(63) == 1
    mirrored = np.where(is_upper, ~numbers, numbers)
    found = _lower_quantiles(mirrored << np.uint64(1), 0)
    return np.where(is_upper, -found, found)


def _lower_quantiles(numbers: Numbers, level: int) -> Floats:
    """Return quantiles (0 or less); the highest 12 bits of a number are its part of the table of the level."""
    cells = (numbers >> np.uint64(64 - _CELL_BITS)).astype(np.int64)
    rest = numbers << np.uint64(_CELL_BITS)
    share = (rest >> np.uint64(11)).astype(np.float64) * 2.0**-53
    table = quantiles(level)
    found: Floats = table[cells] + (table[cells + 1] - table[cells]) * share
    if level + 1 < _LEVELS:
        outer = np.flatnonzero(cells == 0)
        if outer.size:
            found[outer] = _lower_quantiles(rest[outer], level + 1)
    return found


@cache
def quantiles(level: int) -> Floats:
    """Return the quantiles at 0, 1, 2, ... parts of the lower half, each level 4096 times finer than the one before.

    The first value stands for minus infinity; of the finest level it is its neighbour.
    """
    step = 0.5 / CELLS ** (level + 1)
    exact = [NormalDist().inv_cdf(part * step) for part in range(1, CELLS)]
    exact.append(0.0 if level == 0 else NormalDist().inv_cdf(0.5 / CELLS**level))
    found = np.rint(np.array(exact) / UNIT) * UNIT
    return np.concatenate([found[:1], found])
