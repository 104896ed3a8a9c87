"""Generates foreign keys: values of a column of another made-up file.

Here: the choice of the other file's row, and its value, which is computed from the other schema. Not here: where the
other schema comes from (cli/generate.py, pipeline/synthetic_fulfilment.py). The other file is neither read nor made: a
value depends on the seed, its column and its row alone, so any row of it can be computed.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.synthetic.columns.generator_input import Maker, Request, RowRange
from vsf_assets.synthetic.model.counter_prng import below, draws, permuted, rows_of
from vsf_assets.synthetic.model.schema import Column, Schema, SchemaError

_PORTION = 65_536

DEEPEST = 10
"""Largest number of schemas of which each refers to the next one by a foreign key."""


def foreign_key(column: Column, request: Request) -> Maker:
    """Values of another file's column, each of its rows equally often; in a unique column each row at most once.

    Raises:
        SchemaError: the other schema or its column is missing, schemas refer to each other in a circle, or the column
            is unique and the other one is not.
    """
    parent_request = _parent_request(column, request)
    parent = _parent_column(column, parent_request)
    rows, key = parent_request.rows, request.key(column, "row of the other file")
    if column.is_unique:
        where = f"column {parent.name!r} of schema {parent_request.schema.name!r}"
        if not (parent.is_unique or parent.kind.name == "Sequence"):
            raise SchemaError(f"column {column.name!r}, option unique: {where} is not unique, so its values can repeat")
        if parent.null_share:
            raise SchemaError(f"column {column.name!r}, option unique: {where} has missing values")
        request.room(column, rows)
    try:
        make = parent_request.value_of(parent.name)
    except SchemaError as error:
        raise SchemaError(f"column {column.name!r}, schema {parent_request.schema.name!r}: {error}") from None

    def value(row_range: RowRange) -> pl.Series:
        if column.is_unique:
            return make(RowRange(permuted(key, row_range.rows, rows)))
        return make(RowRange(below(draws(key, row_range.rows), rows)))

    return value


def parent_rows(column: Column, request: Request) -> Iterator[pl.Series]:
    """Yield all values of the column that a foreign key refers to, in portions, for a check of the file."""
    parent_request = _parent_request(column, request)
    make = parent_request.value_of(_parent_column(column, parent_request).name)
    for start in range(0, parent_request.rows, _PORTION):
        yield make(RowRange(rows_of(start, min(start + _PORTION, parent_request.rows))))


def refuse_circles(schema: Schema, parents: Mapping[str, Schema]) -> None:
    """Raise SchemaError if schemas refer to each other in a circle, also by columns that this file does not need."""
    done: set[str] = set()

    def visit(found: Schema, path: tuple[str, ...]) -> None:
        if len(path) > DEEPEST:
            raise SchemaError(f"schema {schema.name!r}: more than {DEEPEST} schemas refer to each other")
        for name in found.parents:
            if name in path:
                circle = " → ".join([*path[path.index(name) :], name])
                raise SchemaError(f"schema {schema.name!r}: schemas refer to each other in a circle: {circle}")
            if name in parents and name not in done:
                visit(parents[name], (*path, name))
        done.add(found.name)

    visit(schema, (schema.name,))


def _parent_request(column: Column, request: Request) -> Request:
    name, where = column.options["schema"], f"column {column.name!r}, option schema"
    if name not in request.parents:
        known = ", ".join(sorted(request.parents)) or "none"
        hint = did_you_mean(name, request.parents)
        raise SchemaError(f"{where}: there is no schema {name!r}; there are: {known}{hint}")
    request.budget.spend(where)
    return Request(
        request.parents[name],
        column.options["rows"],
        column.options["seed"],
        request.build,
        request.parents,
        request.budget,
    )


def _parent_column(column: Column, parent: Request) -> Column:
    name = column.options["column"]
    headers = {each.name: each for each in parent.schema.columns}
    if name not in headers:
        hint = did_you_mean(name, headers) or f"; there are {', '.join(headers)}"
        raise SchemaError(
            f"column {column.name!r}, option column: schema {parent.schema.name!r} has no column {name!r}{hint}"
        )
    return headers[name]
