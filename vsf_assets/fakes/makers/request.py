"""What makers work with: the request as a whole, and the portion of rows that is made now.

Here: keys of chance by column, the check that a unique column has room, and what columns of one row share. Not
here: any type of columns.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from vsf_assets.fakes.randomness import LARGEST_SPACE, Numbers, key_of
from vsf_assets.fakes.schema import Column, Schema, SchemaError


@dataclass
class Portion:
    """Some rows that are made together.

    Attributes:
        rows: their numbers, from 0 in the whole file.
        shared: what several columns of these rows are made of, by name; made once.
    """

    rows: Numbers
    shared: dict[tuple[str, str], Any] = field(default_factory=dict)

    def once(self, what: tuple[str, str], make: Callable[[], Any]) -> Any:
        """Return what was made under a name, or make it."""
        if what not in self.shared:
            self.shared[what] = make()
        return self.shared[what]


Maker = Callable[[Portion], pl.Series]


@dataclass(frozen=True)
class Request:
    """What is asked for: a schema, a number of rows and a seed."""

    schema: Schema
    rows: int
    seed: int

    def key(self, column: Column, purpose: str) -> np.uint64:
        """Return the key of a stream of chance of a column; adding columns to a schema does not change it."""
        return key_of(self.seed, column.name, purpose)

    def column(self, name: str) -> Column:
        """Return the column with a header."""
        return next(column for column in self.schema.columns if column.name == name)

    def room(self, column: Column, *sizes: int) -> int:
        """Return the first of growing numbers of values that has room for the rows, at most LARGEST_SPACE.

        Raises:
            SchemaError: the column is unique, and there are more rows than values.
        """
        if self.rows > sizes[-1]:
            raise SchemaError(
                f"column {column.name!r}, option unique: {self.rows} rows need {self.rows} different values, but this"
                f" {column.kind.name} has only {sizes[-1]}"
            )
        return min(next(size for size in sizes if size >= self.rows), LARGEST_SPACE)


def joined(*parts: pl.Series | str) -> pl.Series:
    """Return the parts of texts put together, row by row."""
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()
