"""Generates data frames of made-up rows, for any range of rows.

Here: the generator of each column type, missing values, and the refusal of schemas that refer to each other in a
circle. Not here: files (writers.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from vsf_assets.common.errors import UsageError
from vsf_assets.synthetic.columns import (
    companies,
    currencies,
    formulas,
    internet,
    normal_numbers,
    patterns,
    people,
    places,
    plain_values,
    prose,
    references,
    templates,
)
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange
from vsf_assets.synthetic.model.counter_prng import Numbers, chances, rows_of
from vsf_assets.synthetic.model.request_limits import MOST_ROWS
from vsf_assets.synthetic.model.schema import Column, Schema, SchemaError, schema_of

MAKERS = {
    "Full Name": people.full_name,
    "Job": people.job,
    "Email": people.email,
    "Domain Name": companies.domain_name,
    "Phone Number": people.phone_number,
    "Company Name": companies.company_name,
    "Text": prose.text,
    "Integer": plain_values.integer,
    "Address": places.address,
    "Date": plain_values.day,
    "Boolean": plain_values.boolean,
    "UUID": plain_values.uuid,
    "Decimal": plain_values.decimal,
    "Datetime": plain_values.moment,
    "Choice": plain_values.choice,
    "Constant": plain_values.constant,
    "Sequence": plain_values.sequence,
    "First Name": people.first_name,
    "Last Name": people.last_name,
    "City": places.city,
    "Street": places.street,
    "Country": places.country,
    "Latitude": plain_values.decimal,
    "Longitude": plain_values.decimal,
    "IP Address": internet.ip_address,
    "URL": internet.url,
    "Currency": currencies.currency,
    "Normal Distribution": normal_numbers.normal,
    "Regular Expression": patterns.regular_expression,
    "Template": templates.template,
    "Formula": formulas.formula,
    "Foreign Key": references.foreign_key,
}
"""Name of a column type -> function that builds the generator of a column."""


def _build(column: Column, request: Request) -> Maker:
    """Return the generator of a column, with its missing values."""
    make, key = MAKERS[column.kind.name](column, request), request.key(column, "null")
    if not column.null_share:
        return make

    def make_or_leave_out(row_range: RowRange) -> pl.Series:
        made = make(row_range)
        is_kept = pl.Series(chances(key, row_range.rows) >= column.null_share)
        return made.zip_with(is_kept, made.clear(len(made)))

    return make_or_leave_out


class Frames:
    """Generates the rows of a request, in portions of any size and from any thread.

    Args:
        schema: the columns.
        rows: total number of rows, 0 or more.
        seed: seed of the random numbers; any whole number.
        today: the day (UTC) on which ranges of days end by default; needed if a schema leaves it open.
        parents: the schemas that foreign keys may refer to.

    Raises:
        UsageError: the number of rows is not allowed.
        SchemaError: a unique column has fewer values than rows, a schema that a foreign key names is missing, schemas
            refer to each other in a circle, or an open range of days has no end.
    """

    def __init__(
        self,
        schema: Schema,
        rows: int,
        seed: int = 0,
        *,
        today: date | None = None,
        parents: Iterable[Schema] = (),
    ) -> None:
        if not 0 <= rows <= MOST_ROWS:
            raise UsageError(f"rows: {rows} is not allowed; write a number from 0 to {MOST_ROWS}")
        known = {parent.name: _on_day(parent, today) for parent in parents}
        references.refuse_circles(schema, known)
        self.request = Request(_on_day(schema, today), rows, seed, _build, known)
        self._makers = [
            (column, self.request.value_of(column.name) if column.name in used else _build(column, self.request))
            for used in [_used_by_others(schema)]
            for column in self.request.schema.columns
        ]

    def frame(self, start: int, stop: int) -> pl.DataFrame:
        """Return the rows with numbers in [`start`, `stop`); the first row has number 0."""
        return self.of_rows(rows_of(start, stop))

    def of_rows(self, rows: Numbers) -> pl.DataFrame:
        """Return the rows with these numbers, in their order."""
        row_range = RowRange(rows)
        with np.errstate(over="ignore"):
            return pl.DataFrame([make(row_range).alias(column.name) for column, make in self._makers])

    def as_written(self) -> "Frames":
        """Return a generator of the same rows for text: it may make days as texts, which gives the same bytes."""
        written = self.request
        columns = tuple(plain_values.as_written(column, written.rows) for column in written.schema.columns)
        schema, parents = replace(written.schema, columns=columns), written.parents.values()
        return Frames(schema, written.rows, written.seed, parents=parents)

    @property
    def empty(self) -> pl.DataFrame:
        """A frame without rows, with the columns' names and types."""
        return self.frame(0, 0)


def _on_day(schema: Schema, today: date | None) -> Schema:
    if today is not None:
        return schema.on_day(today)
    if schema.is_open:
        raise SchemaError(f"schema {schema.name!r}: a range of days has no end; write to: or today:")
    return schema


def _used_by_others(schema: Schema) -> set[str]:
    """Return the names of the columns that other columns of the row are made of."""
    return {name for column in schema.columns for name in column.kind.refers_to(column.options)[1]}


def generated_rows(columns: Sequence[Mapping[str, Any]], rows: int, seed: int = 0) -> pl.DataFrame:
    """Return made-up rows in memory, for a demo or a benchmark; `columns` are written as in a schema file.

    Raises:
        SchemaError: a column is invalid.
    """
    return Frames(schema_of({"name": "rows", "columns": list(columns)}), rows, seed).frame(0, rows)
