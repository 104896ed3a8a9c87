"""Short ways to a schema and its rows, for tests of made-up data. Not here: assertions."""

from typing import Any

import polars as pl

from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, schema_of


def column(kind: str, name: str = "x", **options: Any) -> dict[str, Any]:
    """Return a column as a schema file has it; `from_` stands for `from`."""
    return {"name": name, "type": kind, **{word.rstrip("_"): value for word, value in options.items()}}


def schema(*columns: dict[str, Any], **fields: Any) -> Schema:
    return schema_of({"name": "test", "columns": list(columns), **fields})


def frame(*columns: dict[str, Any], rows: int = 1000, seed: int = 0) -> pl.DataFrame:
    return Frames(schema(*columns), rows, seed).frame(0, rows)


def values(kind: str, rows: int = 1000, seed: int = 0, **options: Any) -> list[Any]:
    """Return the values of a lone column."""
    return frame(column(kind, **options), rows=rows, seed=seed)["x"].to_list()


TEN = ("Full Name", "Job", "Email", "Domain Name", "Phone Number", "Company Name", "Text", "Integer", "Address", "Date")
MORE = ("Boolean", "UUID", "Decimal", "Datetime", "Sequence")
