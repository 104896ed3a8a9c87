"""Generates plain values: numbers, dates, booleans, UUIDs, choices, constants, sequences.

Here: the conversion of random numbers into values within bounds. Not here: words (people.py, companies.py, prose.py).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange, joined
from vsf_assets.synthetic.model import word_pools as pools
from vsf_assets.synthetic.model.counter_prng import below, chances, draws, lanes, permuted, split
from vsf_assets.synthetic.model.date_formats import distinguishes, finest_seconds
from vsf_assets.synthetic.model.option_parsers import HIGHEST, LOWEST
from vsf_assets.synthetic.model.schema import Column, SchemaError

_MOST_WRITTEN = 100_000
"""Largest range of days that is formatted once and then picked from; a longer range is formatted row by row."""


def _between(
    column: Column, request: Request, lowest: int, highest: int
) -> Callable[[RowRange], npt.NDArray[np.int64]]:
    """Return a function that draws 64-bit whole numbers within inclusive bounds."""
    span = highest - lowest + 1
    key = request.key(column, "number")
    # Sums wrap around at 64 bits, which gives the right signed number.
    offset = np.uint64(lowest % 2**64)
    if column.is_unique:
        size = request.room(column, span)
        return lambda row_range: (permuted(key, row_range.rows, size) + offset).view(np.int64)
    return lambda row_range: (below(draws(key, row_range.rows), span) + offset).view(np.int64)


def integer(column: Column, request: Request) -> Maker:
    """Whole numbers."""
    drawn = _between(column, request, column.options["from"], column.options["to"])
    return lambda row_range: pl.Series(drawn(row_range))


def decimal(column: Column, request: Request) -> Maker:
    """Exact decimal numbers."""
    places = column.options["places"]
    ends = [int(column.options[end].scaleb(places)) for end in ("from", "to")]
    drawn = _between(column, request, ends[0], ends[1])
    digits = 18 if max(map(abs, ends)) < 10**18 else 38
    return lambda row_range: scaled_decimals(pl.Series(drawn(row_range)), places, digits)


def scaled_decimals(units: pl.Series, places: int, digits: int) -> pl.Series:
    """Return whole numbers of units of the last decimal place as decimals with this number of digits."""
    whole, unit = pl.Decimal(38, places), pl.lit(Decimal(10**places), dtype=pl.Decimal(38, places))
    return pl.select((pl.lit(units).cast(whole) / unit).cast(pl.Decimal(digits, places))).to_series()


def day(column: Column, request: Request) -> Maker:
    """Days, as dates or as texts in a format."""
    lowest, highest = (column.options[end].toordinal() - date(1970, 1, 1).toordinal() for end in ("from", "to"))
    form = column.options["format"]
    if form is not None and column.is_unique:
        return _written_once(column, request, lowest, highest, lambda days: _days(days).dt.to_string(form))
    drawn = _between(column, request, lowest, highest)
    if form is None:
        return lambda row_range: _days(drawn(row_range))
    if highest - lowest >= _MOST_WRITTEN:
        return lambda row_range: _days(drawn(row_range)).dt.to_string(form)
    written = _days(np.arange(lowest, highest + 1)).dt.to_string(form)
    return lambda row_range: written.gather(pl.Series((drawn(row_range) - lowest).astype(np.uint32)))


def as_written(column: Column, rows: int) -> Column:
    """Return a column that makes days as texts, as in CSV, if picking texts from a list is faster."""
    if column.kind.name != "Date" or column.options["format"] is not None:
        return column
    if (column.options["to"] - column.options["from"]).days >= min(_MOST_WRITTEN, rows):
        return column
    return replace(column, options={**column.options, "format": "%Y-%m-%d"})


def _written_once(
    column: Column, request: Request, lowest: int, highest: int, write: Callable[[npt.NDArray[np.int64]], pl.Series]
) -> Maker:
    """Return a maker of distinct texts of days or times, also if the format gives several values the same text.

    Raises:
        SchemaError: the format gives several values the same text, and the range is too long to find the distinct
            texts; or there are more rows than texts.
    """
    if highest - lowest < _MOST_WRITTEN:
        written = write(np.arange(lowest, highest + 1)).unique(maintain_order=True)
        place = _between(column, request, 0, len(written) - 1)
        return lambda row_range: written.gather(pl.Series(place(row_range).astype(np.uint32)))
    form, years = column.options["format"], column.options["to"].year - column.options["from"].year
    if not distinguishes(form, years):
        raise SchemaError(
            f"column {column.name!r}, option unique: the format {form!r} gives several values the same text; use a"
            " format that writes all of a value, or bring from and to closer together"
        )
    drawn = _between(column, request, lowest, highest)
    return lambda row_range: write(drawn(row_range))


def _days(numbers: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(numbers.astype(np.int32)).cast(pl.Date)


def moment(column: Column, request: Request) -> Maker:
    """Times in whole seconds, as timestamps or as texts in a format."""
    ends = (column.options[end] - datetime(1970, 1, 1) for end in ("from", "to"))  # noqa: DTZ001
    lowest, highest = (end.days * 86400 + end.seconds for end in ends)
    form = column.options["format"]
    if form is not None and column.is_unique:
        unit = finest_seconds(form)
        return _written_once(
            column, request, lowest // unit, highest // unit, lambda units: _times(units * unit).dt.to_string(form)
        )
    drawn = _between(column, request, lowest, highest)

    def make(row_range: RowRange) -> pl.Series:
        times = _times(drawn(row_range))
        return times if form is None else times.dt.to_string(form)

    return make


def _times(seconds: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))


def boolean(column: Column, request: Request) -> Maker:
    """True and false."""
    share, key = column.options["true_share"], request.key(column, "truth")
    if column.is_unique:
        request.room(column, 2)
        return lambda row_range: pl.Series(permuted(key, row_range.rows, 2) == 1)
    return lambda row_range: pl.Series(chances(key, row_range.rows) < share)


def uuid(column: Column, request: Request) -> Maker:
    """UUIDs of version 4; in a unique column their last 62 bits are a permutation of the row numbers."""
    keys = request.key(column, "high"), request.key(column, "low")

    def make(row_range: RowRange) -> pl.Series:
        high, low = lanes(keys[0], row_range.rows), lanes(keys[1], row_range.rows)
        if column.is_unique:
            low = split(permuted(keys[1], row_range.rows, 2**62))
        version, variant = high[:, 3] & 0x0FFF | 0x4000, low[:, 3] & 0x3FFF | 0x8000
        plain = [high[:, 0], high[:, 1], high[:, 2], version, variant, low[:, 2], low[:, 1], low[:, 0]]
        hyphened = (1, 2, 3, 4)
        return joined(
            *(_hex(place in hyphened).gather(pl.Series(part.astype(np.uint32))) for place, part in enumerate(plain))
        )

    return make


@cache
def _hex(has_hyphen: bool) -> pl.Series:
    """Return all texts of four hexadecimal digits, with or without a hyphen at the end."""
    return pools.series([f"{number:04x}{'-' if has_hyphen else ''}" for number in range(65536)])


def choice(column: Column, request: Request) -> Maker:
    """Values from a list."""
    weights = column.options["weights"] or (1.0,) * len(column.options["values"])
    wanted = [(v, w) for v, w in zip(column.options["values"], weights, strict=True) if w > 0]
    values, key = _typed([value for value, _ in wanted]), request.key(column, "choice")
    if column.is_unique:
        size = request.room(column, len(values))
        return lambda row_range: values.gather(pl.Series(permuted(key, row_range.rows, size).astype(np.uint32)))
    ends = np.cumsum([weight for _, weight in wanted])
    ends = ends[:-1] / ends[-1]

    def make(row_range: RowRange) -> pl.Series:
        places = np.searchsorted(ends, chances(key, row_range.rows), side="right")
        return values.gather(pl.Series(places.astype(np.uint32)))

    return make


def constant(column: Column, request: Request) -> Maker:
    """The same value in every row."""
    if column.is_unique:
        request.room(column, 1)
    value = _typed([column.options["value"]])
    return lambda row_range: value.new_from_index(0, len(row_range.rows))


def sequence(column: Column, request: Request) -> Maker:
    """Whole numbers with a constant step.

    Raises:
        SchemaError: the last number does not fit 64 bits.
    """
    first, step = column.options["from"], column.options["step"]
    last = first + step * max(request.rows - 1, 0)
    if not LOWEST <= last <= HIGHEST:
        raise SchemaError(f"column {column.name!r}, option step: the last number would be {last}, more than 64 bits")
    return lambda row_range: pl.Series(row_range.rows.view(np.int64) * step + first)


def _typed(values: list[Any]) -> pl.Series:
    """Return values as a series: of numbers or booleans if all values are, else of texts."""
    if all(isinstance(value, bool) for value in values):
        return pl.Series(values, dtype=pl.Boolean)
    if not any(isinstance(value, bool | str) for value in values):
        return pl.Series(values, dtype=pl.Int64 if all(isinstance(value, int) for value in values) else pl.Float64)
    return pl.Series([str(v).lower() if isinstance(v, bool) else str(v) for v in values], dtype=pl.String)
