"""The `Table` type: a raw table with its contract.

Here: the declaration type. Not here: look-up by name (contracts/__init__.py), projections (derived_schemas.py) and the
contracts themselves (one module per family).
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandera.polars as pa

LINEAGE = ("_file_id", "_line")
"""Columns that every raw table of a feed has before its own: the delivery and the physical line."""

TRIMMED = "trimmed"
"""Key of a column's metadata: the column refers to a key, so a lenient reading stores it trimmed, like keys."""

PERSONAL = "personal"
"""Key of a column's metadata: the column holds personal data; its value is one of the kinds below."""

IDENTIFIER = "identifier"
"""A value of a person, a line, a device or a place below the region, or a key made of one: equal values stay equal."""

TEXT = "text"
"""Free text that quotes delivered values: it is hidden."""

PERSONAL_ID = {PERSONAL: IDENTIFIER}
PERSONAL_TEXT = {PERSONAL: TEXT}


@dataclass(frozen=True)
class Table:
    """A table with its contract.

    Attributes:
        name: `schema.table`, the same in DuckDB, Dagster and dbt.
        grain: the meaning of one row.
        key: columns that identify a row in the business sense (not enforced in raw).
        model: the pandera model (polars backend); the only place where columns are declared.
        owner: the team that is responsible.
        lineage: whether the stored table begins with the lineage columns.
        references: (column, referenced `schema.table.column`), not enforced; the reference of `_file_id` to the ledger
            is implicit.
        added: (column, value) of its last columns that earlier releases did not have; existing rows get the value when
            the column is added.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    model: "type[pa.DataFrameModel]"
    owner: str = "team:data-platform"
    lineage: bool = True
    references: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, int], ...] = ()

    @property
    def schema(self) -> "pa.DataFrameSchema":
        """The pandera schema of the model's own columns (without lineage)."""
        return _schema(self.model)


@cache
def _schema(model: "type[pa.DataFrameModel]") -> "pa.DataFrameSchema":
    return model.to_schema()
