"""Findings as data frames: their columns, and the cells that break a rule.

Here: the frames in which every reader reports findings. Not here: the defects of each file format (delimited/, json/),
and the number of listed findings (limits.py).
"""

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from vsf_assets.contracts.derived_schemas import polars_types, ruled_columns
from vsf_assets.contracts.rule_descriptions import sentence
from vsf_assets.contracts.table import Table

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

CELLS = {
    "row": pl.Int64(),
    "column_name": pl.String(),
    "anomaly": pl.String(),
    "reason": pl.String(),
    "noted_value": pl.String(),
}
"""Columns of a frame of bad cells; `noted_value` holds a value that is not in the frame of rows."""


FINDINGS = {
    "line_number": pl.Int64(),
    "anomaly": pl.String(),
    "column_name": pl.String(),
    "raw_value": pl.String(),
    "raw_text": pl.String(),
    "severity": pl.String(),
    "reason": pl.String(),
    "is_quarantined": pl.Boolean(),
}
"""Columns of a frame of findings: those of `raw.findings` without the file's columns."""


_EMPTY = "{} must not be empty"

NO_FINDINGS = pl.DataFrame(schema=FINDINGS)


def file_finding(
    anomaly: str, reason: str, severity: str, line: int | None = None, text: str | None = None
) -> pl.DataFrame:
    """Return a finding about a whole file."""
    row = (line, anomaly, None, None, text, severity, reason, False)
    return pl.DataFrame([row], schema=FINDINGS, orient="row")


def broken_rules(typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the cells that break a rule of the pandera model.

    Raises:
        pandera.errors.SchemaErrors: a failure that is not about a cell (wrong types); it is a bug in the reader.
    """
    types, ruled = polars_types(table), _columns_for_pandera(table)
    if table.schema.checks or table.schema.unique or typed.schema != types:
        return broken_by_pandera(typed, table.schema, table)
    missing = _missing_values(typed, table, [name for name in types if name not in ruled])
    if not ruled:
        return missing
    broken = broken_by_pandera(typed.select(ruled), _schema_of(table, ruled), table)
    if missing.is_empty() or broken.is_empty():
        return broken if missing.is_empty() else missing
    places = {name: place for place, name in enumerate(types)}
    order = pl.col("column_name").replace_strict(places, return_dtype=pl.Int64)
    return pl.concat([missing, broken]).sort(order, maintain_order=True)


def _missing_values(typed: pl.DataFrame, table: Table, names: list[str]) -> pl.DataFrame:
    """Return the cells without a required value, of columns that have no other rule.

    Pandera needs a part of a millisecond per column for that, which is most of the time of a small file.
    """
    columns = table.schema.columns
    frames = [
        pl.select(
            row=typed[name].is_null().arg_true().cast(pl.Int64),
            column_name=pl.lit(name),
            anomaly=pl.lit("missing_value"),
            reason=pl.lit(_EMPTY.format(name)),
            noted_value=pl.lit(None, pl.String),
        )
        for name in names
        if not columns[name].nullable and typed[name].null_count()
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=CELLS)


@cache
def _columns_for_pandera(table: Table) -> tuple[str, ...]:
    """Return the columns with rules, and floating-point columns with a required value: NaN is none."""
    required = {name for name, column in table.schema.columns.items() if not column.nullable}
    types, ruled = polars_types(table), ruled_columns(table)
    return tuple(name for name, dtype in types.items() if name in ruled or (name in required and dtype.is_float()))


@cache
def _schema_of(table: Table, names: tuple[str, ...]) -> "DataFrameSchema":
    return table.schema.select_columns(list(names))


def broken_by_pandera(typed: pl.DataFrame, schema: "DataFrameSchema", table: Table) -> pl.DataFrame:
    """Return what pandera finds in a frame of the table, or of some of its columns; see `broken_rules`."""
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors

    try:
        # All options are explicit: pandera takes missing ones from environment variables, as set when it was imported.
        with config_context(
            validation_enabled=True,
            validation_depth=ValidationDepth.SCHEMA_AND_DATA,
            cache_dataframe=False,
            keep_cached_dataframe=False,
            use_narwhals_backend=False,
        ):
            schema.validate(typed, lazy=True)
    except SchemaErrors as error:
        cases: pl.DataFrame = error.failure_cases
        if cases["index"].null_count():
            raise
        missing = pl.col("check") == "not_nullable"
        no_json = pl.col("check") == "json_object"
        broken = [
            _EMPTY.format(column) if check == "not_nullable" else sentence(table, column, check, value)
            for column, check, value in cases.select("column", "check", pl.col("failure_case").cast(pl.String)).rows()
        ]
        return cases.select(
            row=pl.col("index").cast(pl.Int64),
            column_name=pl.col("column"),
            anomaly=pl.when(missing)
            .then(pl.lit("missing_value"))
            .when(no_json)
            .then(pl.lit("invalid_json"))
            .otherwise(pl.lit("invalid_value")),
            reason=pl.Series(broken, dtype=pl.String),
            noted_value=pl.lit(None, pl.String),
        )
    return pl.DataFrame(schema=CELLS)
