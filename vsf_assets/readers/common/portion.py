"""The unit that every reader yields: a batch of validated rows with findings and counts.

Here: the type. Not here: reading and validating records.
"""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Portion:
    """A batch of validated records of a file.

    Attributes:
        valid: table -> `_line` and the contract's columns, one row per valid record.
        findings: one row per finding, with the columns of `findings.FINDINGS`.
        records: number of records that were read.
        quarantined, blank, skipped: numbers of records that are not in `valid`, by cause.
        notes: table -> rows about the skipped records.
    """

    valid: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    records: int
    quarantined: int = 0
    blank: int = 0
    skipped: int = 0
    notes: dict[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def loaded(self) -> int:
        """Number of valid records."""
        return sum(frame.height for frame in self.valid.values())
