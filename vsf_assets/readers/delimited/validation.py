"""Validates a block against its contract: typed rows, and a finding for each bad cell or record.

Here: casts, the pandera validation and the split into valid and quarantined rows. Not here: rules between rows or
between files (dbt checks them).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from vsf_assets.common.visible_text import PADDING, quoted, visible
from vsf_assets.contracts.derived_schemas import has_rules, polars_types, trimmed_columns
from vsf_assets.contracts.table import Table
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.casts import cast, expectation
from vsf_assets.readers.common.findings import CELLS, FINDINGS, broken_rules
from vsf_assets.readers.common.implausible_texts import implausible_texts
from vsf_assets.readers.common.limits import FindingsLimit, text_once
from vsf_assets.readers.common.long_texts import long_texts, shortened
from vsf_assets.readers.delimited.block import Block
from vsf_assets.readers.delimited.repair_findings import with_notes, without_key

SLICE_ROWS = 1 << 17
"""Number of rows that are validated at once: each may have a finding per column, and pandera makes a row of each."""


@dataclass(frozen=True)
class CheckedBlock:
    """A validated block.

    Attributes:
        valid: `_line` and the contract's columns in their types, one row per valid record.
        findings: one row per finding, with the columns of FINDINGS.
        quarantined: number of quarantined records.
    """

    valid: pl.DataFrame
    findings: pl.DataFrame
    quarantined: int


def check_blocks(blocks: list[Block], table: Table, dialect: Delimited, limit: FindingsLimit) -> Iterator[CheckedBlock]:
    """Validate blocks that cover one part of a file against a contract, some rows at a time.

    In a tolerant dialect a record with a valid key is valid; its other findings are warnings.

    Args:
        blocks: blocks whose records may interleave.
        table: the contract.
        dialect: the dialect of the file.
        limit: chooses the listed findings; it has counted those of the earlier records.
    """
    for parts in _slices(blocks, table):
        yield from _checked([_Part.of(part, table, part.dialect or dialect) for part in parts], limit)


def _slices(blocks: list[Block], table: Table) -> Iterator[list[Block]]:
    """Split the blocks into slices if the longest has so many rows that findings about all would fill the memory."""
    longest = max(blocks, key=lambda block: block.frame.height)
    if longest.frame.height <= SLICE_ROWS or _is_clean(longest.frame, table):
        yield blocks
        return
    starts = longest.frame["_line"][::SLICE_ROWS].to_list()
    borders = [0, *starts[1:], None]
    for low, high in pairwise(borders):
        yield [block.between(low or 0, high) for block in blocks]


def _is_clean(frame: pl.DataFrame, table: Table) -> bool:
    """Whether few rows can be bad: all cells are already typed, few are empty, and there are no other rules."""
    is_typed = dict(list(frame.schema.items())[1:]) == polars_types(table)
    return is_typed and not has_rules(table) and sum(column.null_count() for column in frame) <= SLICE_ROWS


NO_CELLS = pl.DataFrame(
    schema={**CELLS, "line_number": pl.Int64(), "severity": pl.String(), "is_quarantined": pl.Boolean()}
)
"""An empty frame of bad cells, with the columns that `_Part.cells` has."""


def _excluding(cells: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the cells that are not in `others`; skips the join if a frame is empty, as in most blocks."""
    if cells.is_empty() or others.is_empty():
        return cells
    return cells.join(others, on=["row", "column_name"], how="anti")


@dataclass(frozen=True)
class _Part:
    """A block during its validation.

    Attributes:
        block: the records.
        dialect: the dialect of the block.
        typed: `_line` and the contract's columns in their types.
        cells: the bad cells, with `line_number` and the values of their findings.
        lost: indexes of the quarantined rows.
        bad: findings of the malformed records, which have no row.
    """

    block: Block
    dialect: Delimited
    typed: pl.DataFrame
    cells: pl.DataFrame
    lost: pl.Series
    bad: pl.DataFrame

    @classmethod
    def of(cls, block: Block, table: Table, dialect: Delimited) -> "_Part":
        """Validate all cells and records of a block."""
        types = polars_types(table)
        trimmed = trimmed_columns(table) if dialect.tolerance else ()
        typed, cells = _typed(block.frame, types, trimmed)
        too_long = long_texts(typed, table)
        if too_long.height and dialect.tolerance is not None:
            typed = shortened(typed, too_long, table.key)
        cells = pl.concat([_excluding(cells, too_long), too_long])
        cells = pl.concat([cells, _excluding(broken_rules(typed.select(list(types)), table), cells)])
        if block.notes or block.noted is not None:
            cells = with_notes(cells, block)
        implausible = _excluding(implausible_texts(typed, table), cells)
        if cells.is_empty() and implausible.is_empty():
            return cls(block, dialect, typed, NO_CELLS, NO_CELLS["row"], _bad_records(block))
        rows = cells["row"].unique().sort()
        lost = rows if dialect.tolerance is None or cells.is_empty() else without_key(typed, cells, table)
        cells = pl.concat([cells, implausible])
        is_lost = pl.col("row").is_in(lost.implode())
        cells = cells.with_columns(
            line_number=block.frame["_line"][cells["row"]],
            severity=pl.when(is_lost).then(pl.lit("error")).otherwise(pl.lit("warning")),
            is_quarantined=is_lost,
        )
        return cls(block, dialect, typed, cells, lost, _bad_records(block))

    def findings(self, cells: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
        """Return the findings of the listed cells and malformed records."""
        if cells.is_empty():
            return bad
        text = self.block.frame
        rows = cells["row"].unique().sort()
        texts = self.block.texts(text["_line"][rows].to_list(), self.dialect)
        raw = pl.DataFrame({"row": rows, "raw_text": texts})
        found = (
            cells.join(raw, on="row")
            .join(_values(text, cells), on=["row", "column_name"], how="left")
            .join(self._places(), on="column_name", how="left")
            .with_columns(raw_value=pl.coalesce("noted_value", "raw_value"))
            .sort("line_number", "place", "anomaly", "reason", nulls_last=True)
            .select(list(FINDINGS))
        )
        return pl.concat([bad, text_once(found)])

    def _places(self) -> pl.DataFrame:
        columns = self.block.frame.columns
        return pl.DataFrame({"column_name": columns, "place": range(len(columns))})


_FINDING_COLUMNS = ("line_number", "anomaly", "column_name", "severity", "is_quarantined", "reason")


def _checked(parts: list[_Part], limit: FindingsLimit) -> Iterator[CheckedBlock]:
    """Yield the validated parts; the listed findings are chosen among those of all parts together."""
    finding_frames = [
        frame.select(_FINDING_COLUMNS) for part in parts for frame in (part.cells, part.bad) if not frame.is_empty()
    ]
    listed = limit.listed(pl.concat(finding_frames)) if finding_frames else pl.Series(dtype=pl.Boolean)
    at = 0
    for part in parts:
        chosen = []
        for frame in (part.cells, part.bad):
            chosen.append(frame.filter(listed[at : at + frame.height]))
            at += frame.height
        valid = part.typed.filter(~pl.int_range(part.typed.height).is_in(part.lost.implode()))
        yield CheckedBlock(
            valid if len(part.lost) else part.typed, part.findings(*chosen), part.bad.height + len(part.lost)
        )


def _typed(
    text: pl.DataFrame, types: dict[str, pl.DataType], trimmed: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the frame in the contract's types, and the cells that are invalid or were trimmed."""
    columns = [text["_line"]]
    invalid = [pl.DataFrame(schema=CELLS)]
    for name, dtype in types.items():
        cells = text[name]
        if name in trimmed:
            delivered, cells = cells, cells.str.strip_chars(PADDING)
            invalid.append(_trimmed_cells(delivered, cells, name))
        if cells.dtype == pl.String:
            cells = cells.set(cells == "", None)
        typed = cells if cells.dtype == dtype else cast(cells, dtype)
        columns.append(typed)
        if typed.null_count() > cells.null_count():
            rows = (typed.is_null() & cells.is_not_null()).arg_true()
            invalid.append(_cells(rows, name, "invalid_value", _cast_reasons(cells[rows], dtype)))
    return pl.DataFrame(columns), pl.concat(invalid)


def _trimmed_cells(delivered: pl.Series, trimmed: pl.Series, name: str) -> pl.DataFrame:
    """Return the cells that were trimmed; a cell of padding only has another finding, since it has no value."""
    rows = ((delivered != trimmed) & (trimmed != "")).fill_null(value=False).arg_true()
    pairs = zip(delivered[rows], trimmed[rows], strict=True)
    reasons = [f"{name} is {quoted(old)}; it was trimmed and is read as {quoted(new)}" for old, new in pairs]
    return _cells(rows, name, "invalid_value", pl.Series(reasons, dtype=pl.String))


def _cast_reasons(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return the reasons of values that do not fit their type; a value with invisible characters is quoted."""
    reason = f"{values.name} {expectation(dtype)}"
    if not values.str.contains(r"[^\x20-\x7e]").any():
        return pl.repeat(reason, len(values), dtype=pl.String, eager=True)
    texts = [reason if visible(value) == value else f"{reason}; it is {quoted(value)}" for value in values]
    return pl.Series(texts, dtype=pl.String)


def _cells(rows: pl.Series, column: str, anomaly: str, reasons: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"row": rows.cast(pl.Int64), "reason": reasons}).select(
        "row",
        column_name=pl.lit(column),
        anomaly=pl.lit(anomaly),
        reason="reason",
        noted_value=pl.lit(None, pl.String),
    )


def _values(text: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return row, column and delivered value of each bad cell."""
    parts = [pl.DataFrame(schema={"row": pl.Int64, "column_name": pl.String, "raw_value": pl.String})]
    for name in cells["column_name"].drop_nulls().unique().sort():
        rows = cells.filter(pl.col("column_name") == name)["row"].unique()
        values = text[name][rows].cast(pl.String)
        values = values.set(values == "", None)  # an empty cell is null, whichever parser read its block
        parts.append(pl.DataFrame({"row": rows, "column_name": [name] * len(rows), "raw_value": values}))
    return pl.concat(parts)


def _bad_records(block: Block) -> pl.DataFrame:
    """Return the findings of records that could not be split into fields."""
    rows = [
        (
            bad.line,
            bad.problem.anomaly,
            bad.column,
            bad.problem.value,
            bad.text,
            "error",
            bad.problem.reason,
            True,
        )
        for bad in block.bad
    ]
    return pl.DataFrame(rows, schema=FINDINGS, orient="row")
