"""Texts that fit their type and are most likely none: the word for nothing of another program, or only white space.

Here: such values of required text columns, found in whole columns. Not here: what breaks a contract (checking.py), and
dates and times, which are compared with the day of their delivery in dbt.
"""

import polars as pl

from vsf_assets.contracts.projections import polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.ingest.forgiving import CELLS
from vsf_assets.visible import PADDING

NOTHING = ("null", "\\n", "nan", "n/a")
"""Words for nothing, in lower case: of databases and their exports, of statistics programs, of people."""

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
        # Few texts are as short as these words; the others cost one pass.
        short = typed[name].str.strip_chars(PADDING)
        rows = (short.str.len_bytes() <= _LONGEST).arg_true().cast(pl.Int64)
        texts = short[rows]
        is_blank = (texts == "") & (typed[name][rows] != "")
        hits = is_blank | texts.str.to_lowercase().is_in(NOTHING)
        if not hits.any():
            continue
        found.append(
            pl.DataFrame({"row": rows.filter(hits), "blank": is_blank.filter(hits)}).select(
                "row",
                column_name=pl.lit(name),
                anomaly=pl.lit("implausible_value"),
                reason=pl.when("blank")
                .then(pl.lit(f"{name} holds only white space"))
                .otherwise(pl.lit(f"{name} holds a word for nothing; is a value missing there?")),
                noted_value=pl.lit(None, pl.String),
            )
        )
    return pl.concat(found)
