"""Short ways to a schema and its rows, for tests of made-up data. Not here: assertions."""

from typing import Any

import polars as pl

from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, schema_of


def column(kind: str, name: str = "x", **options: Any) -> dict[str, Any]:
    """Return a column as a schema file has it; `from_` stands for `from`."""
    return {"name": name, "type": kind, **{word.rstrip("_"): value for word, value in options.items()}}


def schema(*columns: dict[str, Any], **fields: Any) -> Schema:
    """Return a schema; its ranges of days end on 2029-12-31 by default."""
    return schema_of({"name": "test", "today": "2029-12-31", "columns": list(columns), **fields})


def frame(*columns: dict[str, Any], rows: int = 1000, seed: int = 0, parents: tuple[Schema, ...] = ()) -> pl.DataFrame:
    return Frames(schema(*columns), rows, seed, parents=parents).frame(0, rows)


def values(kind: str, rows: int = 1000, seed: int = 0, **options: Any) -> list[Any]:
    """Return the values of a lone column."""
    return frame(column(kind, **options), rows=rows, seed=seed)["x"].to_list()


TEN = ("Full Name", "Job", "Email", "Domain Name", "Phone Number", "Company Name", "Text", "Integer", "Address", "Date")
MORE = ("Boolean", "UUID", "Decimal", "Datetime", "Sequence")
OPTIONS: dict[str, dict[str, Any]] = {
    "First Name": {},
    "Last Name": {},
    "City": {},
    "Street": {},
    "Country": {},
    "Latitude": {},
    "Longitude": {},
    "IP Address": {},
    "URL": {},
    "Currency": {},
    "Normal Distribution": {},
    "Regular Expression": {"pattern": r"[A-Z]{3}-\d{6}"},
    "Template": {"template": "{Integer}-{Full Name|slug}"},
    "Formula": {"formula": "{Integer} * {Decimal} / 3"},
    "Foreign Key": {"schema": "parent", "column": "id", "rows": 50, "seed": 4},
}
"""Type -> options that a column of it needs; the columns that Template and Formula name have the names of types."""

PARENT = schema_of(
    {"name": "parent", "columns": [{"name": "id", "type": "Sequence", "from": 7}, {"name": "n", "type": "Full Name"}]}
)
"""The schema that the Foreign Key of OPTIONS refers to."""
LATER = tuple(column(kind, kind, **options) for kind, options in OPTIONS.items())
"""Columns of the types of OPTIONS; they need columns Integer, Decimal and Full Name beside them."""
