"""Generates data frames of made-up rows, for any range of rows.

Here: the generator of each column type, and missing values. Not here: files (writers.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from vsf_assets.common.errors import UsageError
from vsf_assets.synthetic.columns import companies, people, plain_values, prose
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange
from vsf_assets.synthetic.model.counter_prng import chances, rows_of
from vsf_assets.synthetic.model.schema import Column, Schema, schema_of
from vsf_assets.synthetic.request_spec import MOST_ROWS

MAKERS = {
    "Full Name": people.full_name,
    "Job": people.job,
    "Email": people.email,
    "Domain Name": companies.domain_name,
    "Phone Number": people.phone_number,
    "Company Name": companies.company_name,
    "Text": prose.text,
    "Integer": plain_values.integer,
    "Address": prose.address,
    "Date": plain_values.day,
    "Boolean": plain_values.boolean,
    "UUID": plain_values.uuid,
    "Decimal": plain_values.decimal,
    "Datetime": plain_values.moment,
    "Choice": plain_values.choice,
    "Constant": plain_values.constant,
    "Sequence": plain_values.sequence,
}
"""Name of a column type -> function that builds the generator of a column."""


class Frames:
    """Generates the rows of a request, in portions of any size and from any thread.

    Args:
        schema: the columns.
        rows: total number of rows, 0 or more.
        seed: seed of the random numbers; any whole number.

    Raises:
        UsageError: the number of rows is not allowed.
        SchemaError: a unique column has fewer values than rows.
    """

    def __init__(self, schema: Schema, rows: int, seed: int = 0) -> None:
        if not 0 <= rows <= MOST_ROWS:
            raise UsageError(f"rows: {rows} is not allowed; write a number from 0 to {MOST_ROWS}")
        self.request = Request(schema, rows, seed)
        self._makers = [(column, self._maker(column)) for column in schema.columns]

    def _maker(self, column: Column) -> Maker:
        make, key = MAKERS[column.kind.name](column, self.request), self.request.key(column, "null")
        if not column.null_share:
            return make

        def make_or_leave_out(row_range: RowRange) -> pl.Series:
            made = make(row_range)
            is_kept = pl.Series(chances(key, row_range.rows) >= column.null_share)
            return made.zip_with(is_kept, made.clear(len(made)))

        return make_or_leave_out

    def frame(self, start: int, stop: int) -> pl.DataFrame:
        """Return the rows with numbers in [`start`, `stop`); the first row has number 0."""
        row_range = RowRange(rows_of(start, stop))
        with np.errstate(over="ignore"):
            return pl.DataFrame([make(row_range).alias(column.name) for column, make in self._makers])

    def as_written(self) -> "Frames":
        """Return a generator of the same rows for CSV: it may make days as texts, which gives the same bytes."""
        written = self.request
        columns = tuple(plain_values.as_written(column, written.rows) for column in written.schema.columns)
        return Frames(replace(written.schema, columns=columns), written.rows, written.seed)

    @property
    def empty(self) -> pl.DataFrame:
        """A frame without rows, with the columns' names and types."""
        return self.frame(0, 0)


def generated_rows(columns: Sequence[Mapping[str, Any]], rows: int, seed: int = 0) -> pl.DataFrame:
    """Return made-up rows in memory, for a demo or a benchmark; `columns` are written as in a schema file.

    Raises:
        SchemaError: a column is invalid.
    """
    return Frames(schema_of({"name": "rows", "columns": list(columns)}), rows, seed).frame(0, rows)
