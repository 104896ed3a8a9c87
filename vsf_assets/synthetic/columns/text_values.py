"""Values of any type as texts, as a CSV file has them.

Here: the conversion of a column, also for templates. Not here: quoting, which depends on the file's format.
"""

import polars as pl

DATETIME = "%Y-%m-%dT%H:%M:%S"
"""How a time is written in every text format."""


def as_text(made: pl.Series) -> pl.Series:
    """Return values as texts; a missing value stays missing."""
    if made.dtype == pl.String:
        return made
    return made.dt.to_string(DATETIME) if isinstance(made.dtype, pl.Datetime) else made.cast(pl.String)
