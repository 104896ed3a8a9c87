"""Finds texts that are probably not values: null markers of other programs, white space.

Here: the vectorized search in required text columns. Not here: values that break a contract
(readers/delimited/validation.py), and implausible dates and times (dbt compares them with the day of the delivery).
"""

import polars as pl

from vsf_assets.common.visible_text import PADDING
from vsf_assets.contracts.derived_schemas import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import CELLS

NOTHING = ("null", "\\n", "nan", "n/a")
"""Null markers in lower case, as databases, their exports, statistics programs and people write them."""

GIVEN_NAME = "Nan"
"""A given name and the title of a song, so it is a value; programs write `nan`, `NaN` or `NAN`."""

_LONGEST = max(map(len, NOTHING))


def required_texts(table: Table) -> list[str]:
    """Return the names of the text columns that a contract requires to have a value."""
    types = polars_types(table)
    return [n for n, c in table.schema.columns.items() if isinstance(types[n], pl.String) and not c.nullable]


def implausible_texts(typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the cells that hold a null marker or only white space; their rows are loaded nevertheless.

    Args:
        typed: rows with the contract's columns in their types.
        table: the contract.

    Returns:
        a frame with the columns of `findings.CELLS`.
    """
    found = [pl.DataFrame(schema=CELLS)]
    names = required_texts(table)
    # One query for all columns: each has a cost of its own, which small frames would pay eighteen times a column.
    possible = typed.select(_possible(name).implode() for name in names) if names else typed.clear()
    for name in names:
        values, column = possible[name][0], typed[name]
        if not len(values):
            continue
        bare = values.str.strip_chars(PADDING)
        blank = values.filter((bare == "") & (values != ""))
        words = values.filter(bare.str.to_lowercase().is_in(NOTHING) & (bare != GIVEN_NAME))
        kinds = ((blank, "holds only white space"), (words, "holds a word that programs write where there is no value"))
        for texts, what in kinds:
            if len(texts):
                rows = column.is_in(texts.implode()).fill_null(value=False).arg_true()
                found.append(_cells(rows, name, f"{name} {what}; if a value is missing, deliver it"))
    return pl.concat(found)


def _possible(name: str) -> pl.Expr:
    """Return the different texts of a column that can be implausible, by comparisons of whole texts, which are cheap.

    They are the short texts, and those that begin with white space or a character above ASCII.
    """
    column = pl.col(name)
    return column.filter((column.str.len_bytes() <= _LONGEST) | (column < "!") | (column > "\x7f")).unique()


def _cells(rows: pl.Series, column: str, reason: str) -> pl.DataFrame:
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).select(
        "row",
        column_name=pl.lit(column),
        anomaly=pl.lit("implausible_value"),
        reason=pl.lit(reason),
        noted_value=pl.lit(None, pl.String),
    )
