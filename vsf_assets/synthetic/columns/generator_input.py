"""The input of column generators: the request, and the range of rows to generate.

Here: keys of random streams by column, the check that a unique column has enough values, values that columns of one
row share, generators of columns that others use, and values made of words from several pools. Not here: any column
type.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from vsf_assets.synthetic.model.counter_prng import LARGEST_SPACE, Numbers, key_of, lanes, permuted
from vsf_assets.synthetic.model.locale_names import DEFAULT
from vsf_assets.synthetic.model.schema import Column, Schema, SchemaError
from vsf_assets.synthetic.model.word_pools import Pool


@dataclass
class RowRange:
    """A range of rows that is generated at once.

    Attributes:
        rows: numbers of the rows; the first row of the file has number 0.
        shared: cache of intermediate values that several columns of these rows use, by name.
    """

    rows: Numbers
    shared: dict[tuple[str, str], Any] = field(default_factory=dict)

    def once(self, what: tuple[str, str], make: Callable[[], Any]) -> Any:
        """Return the cached value of a name; compute it if it is missing."""
        if what not in self.shared:
            self.shared[what] = make()
        return self.shared[what]


Maker = Callable[[RowRange], pl.Series]


class Budget:
    """A limit of the work that foreign keys of foreign keys can cause."""

    MOST = 1000
    """Largest number of columns of other schemas that one file needs, counted for each way that leads to them."""

    def __init__(self) -> None:
        self._left = self.MOST

    def spend(self, where: str) -> None:
        """Count one more generator.

        Raises:
            SchemaError: there are too many; the message begins with `where`.
        """
        self._left -= 1
        if self._left < 0:
            raise SchemaError(f"{where}: foreign keys of other schemas lead to more than {self.MOST} columns")


@dataclass(frozen=True)
class Request:
    """The schema, the number of rows and the seed of a request.

    Attributes:
        schema: the schema, with all ranges of days filled in.
        rows, seed: number of rows, and seed of the random numbers.
        build: returns the generator of a column of a request, with its missing values.
        parents: name -> schema that a foreign key may refer to.
        budget: how many generators of other schemas' columns may still be built.
        built: cache of the generators of columns that other columns use, by column.
        bounds: cache of the bounds of formulas, by column; formulas of formulas lead to a column in many ways.
    """

    schema: Schema
    rows: int
    seed: int
    build: Callable[[Column, "Request"], Maker]
    parents: Mapping[str, Schema] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    built: dict[str, Maker] = field(default_factory=dict)
    bounds: dict[str, int] = field(default_factory=dict)

    def value_of(self, name: str) -> Maker:
        """Return the generator of a column's values as the file has them, computed once for each range of rows."""
        if name not in self.built:
            make = self.build(self.column(name), self)
            self.built[name] = lambda row_range: row_range.once(("value", name), lambda: make(row_range))
        return self.built[name]

    def key(self, column: Column, purpose: str) -> np.uint64:
        """Return the key of a random stream of a column; it does not depend on other columns of the schema."""
        return key_of(self.seed, column.name, purpose)

    def column(self, name: str) -> Column:
        """Return the column with the given header."""
        return next(column for column in self.schema.columns if column.name == name)

    def room(self, column: Column, *sizes: int) -> int:
        """Return the first of `sizes` (ascending) that is enough for the rows, at most LARGEST_SPACE.

        Raises:
            SchemaError: the column is unique, and there are more rows than values.
        """
        if self.rows > sizes[-1]:
            raise SchemaError(
                f"column {column.name!r}, option unique: {self.rows} rows need {self.rows} different values, but this"
                f" {column.kind.name} has only {sizes[-1]}"
            )
        return min(next(size for size in sizes if size >= self.rows), LARGEST_SPACE)


def locale_of(column: Column) -> str:
    """Return the locale of a column; of a type without this option, the default."""
    return str(column.options.get("locale", DEFAULT))


def joined(*parts: pl.Series | str) -> pl.Series:
    """Concatenate texts row by row; two columns are faster without an expression."""
    if len(parts) == 2 and isinstance(parts[0], pl.Series) and isinstance(parts[1], pl.Series):
        return parts[0] + parts[1]
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()


def one_of_each(column: Column, request: Request, purpose: str, pools: tuple[Pool, ...]) -> Maker:
    """Return a maker of values that concatenate one word of each of up to four pools.

    Args:
        column: the column; if it is unique, all combinations of words are used once at most.
        request: the request.
        purpose: name of the random stream.
        pools: the pools, in the order of the words.
    """
    key = request.key(column, purpose)
    size = request.room(column, math.prod(pool.size for pool in pools)) if column.is_unique else 0

    def make(row_range: RowRange) -> pl.Series:
        if not column.is_unique:
            drawn = lanes(key, row_range.rows)
            return joined(*(pool.pick(drawn[:, place]) for place, pool in enumerate(pools)))
        rest, words = permuted(key, row_range.rows, size), []
        for pool in reversed(pools):
            rest, place = np.divmod(rest, np.uint64(pool.size))
            words.append(pool.at(place.astype(np.uint32)))
        return joined(*reversed(words))

    return make
