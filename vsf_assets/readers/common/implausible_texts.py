"""Finds texts that are probably no values: null markers of other programs, white space.

Here: such values of required text columns, found in whole columns. Not here: what breaks a contract
(readers/delimited/validation.py), and dates and times, which are compared with the day of their delivery in dbt.
"""

import polars as pl

from vsf_assets.common.visible_text import PADDING
from vsf_assets.contracts.projections import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import CELLS

NOTHING = ("null", "\\n", "nan", "n/a")
"""Words for nothing, in lower case: of databases and their exports, of statistics programs, of people."""

GIVEN_NAME = "Nan"
"""A given name, and the title of a song; programs write `nan`, `NaN` or `NAN`."""

_LONGEST = max(map(len, NOTHING))


def required_texts(table: Table) -> list[str]:
    """Return the text columns of a contract that must have a value."""
    types = polars_types(table)
    return [n for n, c in table.schema.columns.items() if isinstance(types[n], pl.String) and not c.nullable]


def implausible_texts(typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the cells that hold a word for nothing, or only white space; the rows are loaded all the same.

    Args:
        typed: rows with the contract's columns in their types.
        table: the contract.

    Returns:
        columns as in forgiving.CELLS.
    """
    found = [pl.DataFrame(schema=CELLS)]
    for name in required_texts(table):
        column = typed[name]
        # Comparing whole texts is cheap; only short ones, and those that begin with white space or no ASCII, can be it.
        values = column.filter((column.str.len_bytes() <= _LONGEST) | (column < "!") | (column > "\x7f")).unique()
        bare = values.str.strip_chars(PADDING)
        blank = values.filter((bare == "") & (values != ""))
        words = values.filter(bare.str.to_lowercase().is_in(NOTHING) & (bare != GIVEN_NAME))
        said = ((blank, "holds only white space"), (words, "holds a word that programs write where there is no value"))
        for odd, what in said:
            if len(odd):
                rows = column.is_in(odd.implode()).fill_null(value=False).arg_true()
                found.append(_cells(rows, name, f"{name} {what}; if a value is missing, deliver it"))
    return pl.concat(found)


def _cells(rows: pl.Series, column: str, reason: str) -> pl.DataFrame:
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).select(
        "row",
        column_name=pl.lit(column),
        anomaly=pl.lit("implausible_value"),
        reason=pl.lit(reason),
        noted_value=pl.lit(None, pl.String),
    )
