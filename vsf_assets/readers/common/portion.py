"""The unit that every reader yields: a batch of validated rows with findings and counts.

Here: the type. Not here: how records are read and checked.
"""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Portion:
    """Some checked records of a file.

    Attributes:
        valid: `_line` and the contract's columns by table, one row per good record.
        findings: one row per finding, columns as in checking.FINDINGS.
        records: how many records were read.
        quarantined, blank, skipped: how many of them are not among the valid.
        notes: rows of other tables, about the skipped records.
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
        """How many records are among the valid."""
        return sum(frame.height for frame in self.valid.values())
