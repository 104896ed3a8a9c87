"""Projects a contract to DuckDB DDL, polars types, column lists, a description and a digest.

Here: pure functions of a `Table`. Not here: Dagster's column schema (defs/metadata.py, since it imports Dagster), and
access to files or databases.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from vsf_assets.contracts.table import LINEAGE, TRIMMED, Table

_DUCKDB_TYPES: dict[type[pl.DataType], str] = {
    pl.Int64: "bigint",
    pl.Int32: "integer",
    pl.String: "varchar",
    pl.Boolean: "boolean",
    pl.Float64: "double",
    pl.Date: "date",
    pl.Datetime: "timestamp",
}
_LINEAGE_TEXT = {
    "_file_id": "Delivery the row came in (raw.files.file_id).",
    "_line": "Physical line the record starts on (the header is line 1); in a JSON array its index, from 0.",
}


@dataclass(frozen=True)
class ColumnInfo:
    """A column of a stored table: name, DuckDB type, nullability, description."""

    name: str
    type: str
    nullable: bool
    description: str


def polars_types(table: Table) -> dict[str, pl.DataType]:
    """Return column name -> polars type of the model's own columns, in order."""
    return {name: _instance(column.dtype.type) for name, column in table.schema.columns.items()}


def _instance(dtype: Any) -> pl.DataType:
    """Return a type object; pandera stores classes for types without parameters."""
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made


def duckdb_type(dtype: pl.DataType) -> str:
    """Return the plain DuckDB type that stores a polars type; raises TypeError for an unsupported type."""
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(dtype.inner)}[]"  # type: ignore[arg-type]
    for polars_type, name in _DUCKDB_TYPES.items():
        if isinstance(dtype, polars_type):
            return name
    raise TypeError(f"no plain DuckDB type for {dtype}; see vsf_assets/contracts/derived_schemas.py")


def columns(table: Table) -> list[ColumnInfo]:
    """Return every stored column in order, lineage first."""
    lineage = [ColumnInfo(n, "bigint", nullable=False, description=_LINEAGE_TEXT[n]) for n in LINEAGE]
    own = [
        ColumnInfo(name, duckdb_type(_instance(c.dtype.type)), bool(c.nullable), c.description or "")
        for name, c in table.schema.columns.items()
    ]
    return [*(lineage if table.lineage else []), *own]


def description(table: Table) -> str:
    """Describe a table and one row of it in one line."""
    what = " ".join((table.model.__doc__ or "").split("\n\n")[0].split())
    return f"{what} One row is {table.grain}."


@cache
def trimmed_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that a lenient reading stores trimmed: the key, and references to other keys."""
    refers = [name for name, column in table.schema.columns.items() if (column.metadata or {}).get(TRIMMED)]
    return tuple(dict.fromkeys((*table.key, *refers)))


@cache
def has_rules(table: Table) -> bool:
    """Whether the contract has rules besides types and nullability."""
    return bool(table.schema.checks or table.schema.unique or ruled_columns(table))


@cache
def ruled_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that have rules of their own besides type and nullability."""
    return tuple(name for name, column in table.schema.columns.items() if column.checks or column.unique)


def create_sql(table: Table) -> str:
    """Return the DDL of the stored table: plain types and no keys, so that every engine accepts it."""
    body = ", ".join(f'"{c.name}" {c.type}' for c in columns(table))
    return f"create table if not exists {table.name} ({body})"


def contract_version(tables: tuple[Table, ...], reading: str) -> str:
    """Return the contract version: 12 hex digits that change when the meaning of the contract changes.

    Args:
        tables: contracts of one feed.
        reading: text form of the feed's `Reading` (feeds.reading.reading_text).
    """
    content = [
        (
            t.name,
            [(c.name, c.type, c.nullable) for c in columns(t)],
            [str(check) for column in t.schema.columns.values() for check in column.checks],
        )
        for t in tables
    ]
    return hashlib.sha256(json.dumps([content, reading]).encode()).hexdigest()[:12]
