"""The `Table` type: a raw table with its contract.

Here: the declaration type and lookup by name. Not here: how a contract is projected
(projections.py) and the contracts themselves (one module per family).
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandera.polars as pa

LINEAGE = ("_file_id", "_line")
"""Columns every raw feed table carries in front of its own: the delivery and the physical line."""

TRIMMED = "trimmed"
"""Key of a column's metadata: it refers to a key, so a tolerant reading stores it trimmed, as it does keys."""


@dataclass(frozen=True)
class Table:
    """What a table promises.

    Attributes:
        name: `schema.table`, the same in DuckDB, Dagster and dbt.
        grain: what one row is.
        key: columns that identify a row in the business sense (not enforced in raw).
        model: the pandera model (polars backend); the only place where columns are declared.
        owner: who answers for it.
        lineage: whether the stored table has the lineage columns in front.
        references: (column, `schema.table.column` that its values are of), not enforced; that of `_file_id` to files
            goes without saying.
        added: (column, value) of its last columns that an earlier release did not have; rows of that time get the
            value when the column is added.
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
