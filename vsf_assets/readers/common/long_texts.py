"""Finds texts that are too long to store in a column.

Here: the limit, the bad cells of a frame, and cutting such texts. Not here: records that are too long to read
(readers/delimited/reader.py), and the number of listed findings (limits.py). DuckDB stores a long text apart, and reads
it again for every empty cell that follows it in its column. One text of 2 MB before some hundred empty cells fills any
memory, in the raw table and in every table that is built from it (decision 0028).
"""

import polars as pl

from vsf_assets.contracts.derived_schemas import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import CELLS

LONGEST_TEXT = 1 << 16
"""Largest size of a text in a column, in bytes; DuckDB reads 2,048 cells at once, so one text takes at most 128 MB."""

_BEGINNING = LONGEST_TEXT // 4
"""Characters that are kept of a longer text; a character has at most 4 bytes."""


def long_texts(typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the cells whose text is longer than LONGEST_TEXT.

    Args:
        typed: rows with the contract's columns in their types.
        table: the contract.

    Returns:
        a frame with the columns of `findings.CELLS`.
    """
    found = [pl.DataFrame(schema=CELLS)]
    names = [name for name, dtype in polars_types(table).items() if isinstance(dtype, pl.String)]
    # One query for all columns: each has a cost of its own.
    longest = typed.select(pl.col(names).str.len_bytes().max()).row(0) if names else ()
    for name, size in zip(names, longest, strict=True):
        if (size or 0) <= LONGEST_TEXT:
            continue
        sizes = typed[name].str.len_bytes()
        rows = (sizes > LONGEST_TEXT).arg_true()
        reasons = [
            f"{name} has {size:,} bytes, more than {LONGEST_TEXT:,}; most often a quote or a delimiter is missing"
            for size in sizes[rows]
        ]
        cells = {"row": rows.cast(pl.Int64), "reason": pl.Series(reasons, dtype=pl.String)}
        none = pl.lit(None, pl.String)
        found.append(
            pl.DataFrame(cells).select(
                "row", column_name=pl.lit(name), anomaly=pl.lit("invalid_value"), reason="reason", noted_value=none
            )
        )
    return pl.concat(found)


def beginnings(texts: pl.Expr) -> pl.Expr:
    """Cut the texts that are longer than LONGEST_TEXT."""
    return (
        pl.when(texts.str.len_bytes() > LONGEST_TEXT)
        .then(texts.str.slice(0, _BEGINNING) + pl.lit("…"))
        .otherwise(texts)
    )


def shortened(typed: pl.DataFrame, cells: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Make rows of a lenient reading storable: cut long texts, and set a long key to null.

    Args:
        typed: rows with the contract's columns.
        cells: the result of `long_texts` for these rows.
        key: the names of the key columns.
    """
    names = cells["column_name"].unique(maintain_order=True).to_list()
    is_short = {name: pl.col(name).str.len_bytes() <= LONGEST_TEXT for name in names}
    new = [pl.when(is_short[n]).then(n).alias(n) if n in key else beginnings(pl.col(n)).alias(n) for n in names]
    return typed.with_columns(new)
