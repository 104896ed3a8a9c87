"""Findings as data frames: their columns, and the cells that break a rule.

Here: the frames in which every reader reports findings. Not here: the defects of each file format (delimited/, json/),
and the number of listed findings (limits.py).
"""

import polars as pl

from vsf_assets.contracts.rule_descriptions import sentence
from vsf_assets.contracts.table import Table

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
            table.schema.validate(typed, lazy=True)
    except SchemaErrors as error:
        cases: pl.DataFrame = error.failure_cases
        if cases["index"].null_count():
            raise
        missing = pl.col("check") == "not_nullable"
        no_json = pl.col("check") == "json_object"
        broken = [
            f"{column} must not be empty" if check == "not_nullable" else sentence(table, column, check, value)
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
