"""Findings of a lenient reading: its repairs, and the rows that it quarantines.

Here: the conversion of the reader's notes into bad cells, and the search for rows without a key. Not here: the repair
(lenient.py) and the validation of the other cells (validation.py).
"""

import polars as pl

from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import CELLS
from vsf_assets.readers.delimited.block import Block
from vsf_assets.readers.delimited.lenient_batch import NOTES


def with_notes(cells: pl.DataFrame, block: Block) -> pl.DataFrame:
    """Add the cells that the reader noted to the bad cells; a missing field has no other finding."""
    rows = block.frame.select("_line").with_row_index("row").cast({"row": pl.Int64})
    notes = [
        (note.line, note.present, _name(block, problem.column), problem.anomaly, problem.reason, problem.value)
        for note in block.notes
        for problem in note.problems
    ]
    rows_with_findings = [
        pl.DataFrame(notes, schema=NOTES, orient="row"),
        *([block.noted] if block.noted is not None else []),
    ]
    noted = pl.concat(rows_with_findings).join(rows, on="_line")
    places = pl.DataFrame(
        {"column_name": block.header, "place": list(range(len(block.header)))},
        schema={"column_name": pl.String, "place": pl.Int64},
    )
    present = noted.select("row", "present").unique()
    listed = (
        cells.join(present, on="row", how="left")
        .join(places, on="column_name", how="left")
        .filter(pl.col("present").is_null() | (pl.col("place") < pl.col("present")))
        .join(noted, on=["row", "column_name"], how="anti")
    )
    return pl.concat([listed.select(list(CELLS)), noted.select(list(CELLS))])


def _name(block: Block, column: int | None) -> str | None:
    return block.header[column] if column is not None and column < len(block.header) else None


def without_key(typed: pl.DataFrame, cells: pl.DataFrame, table: Table) -> pl.Series:
    """Return the rows whose key is empty, missing or not text."""
    empty = typed.select(pl.any_horizontal(pl.col(list(table.key)).is_null())).to_series().arg_true()
    invalid = (pl.col("anomaly") == "invalid_encoding") & pl.col("column_name").is_in(list(table.key))
    return pl.concat([empty.cast(pl.Int64), cells.filter(invalid)["row"]]).unique().sort()
