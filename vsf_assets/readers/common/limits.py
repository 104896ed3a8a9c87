"""Limits per file: the number of listed findings, and the size after decompression.

Here: the two limits, and the choice of the listed findings. Not here: making findings
(readers/delimited/validation.py, readers/json/validation.py) and decompression (byte_stream.py). One finding for each
anomaly and column counts those that are not listed; their texts stay in the archived original.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

FINDINGS_PER_FILE = 100_000
"""Default number of records of a file whose findings of one anomaly and column are listed."""

UNPACKED_BYTES = 10**12
"""Default largest decompressed size of a file, in bytes."""

DESCRIPTION_BYTES = 10_000_000
"""Largest size, in bytes, of a file that is read as a whole: a description, a request, a state."""

SHORT_TEXT = 1_000
"""Characters of a record's text that each finding stores; only the first finding stores a longer text whole."""

_KEYS = ("anomaly", "column_name", "severity", "is_quarantined")


@dataclass(frozen=True)
class ReadLimits:
    """The limits of one file.

    Attributes:
        findings: number of records whose findings of one anomaly and column are listed.
        unpacked: decompressed size in bytes.
    """

    findings: int = FINDINGS_PER_FILE
    unpacked: int = UNPACKED_BYTES


DEFAULT_LIMITS = ReadLimits()


@dataclass
class _Group:
    """Counts of the findings of one anomaly and column.

    Attributes:
        seen: number of records with such a finding.
        unlisted: number of those records that have no listed finding of any kind; each counts in one group only.
        first_line, reason: line and reason of the first finding that is not listed.
    """

    seen: int = 0
    unlisted: int = 0
    first_line: int | None = None
    reason: str = ""


@dataclass
class FindingsLimit:
    """Chooses the listed findings: for each anomaly and column, those of the first records in file order.

    Attributes:
        maximum: number of records whose findings of one anomaly and column are listed.
        columns: the contract's columns. Findings about other names count as findings without a column, because a file
            can hold any number of other names. None: all names are columns of the contract.
    """

    maximum: int = FINDINGS_PER_FILE
    columns: Collection[str] | None = None
    _groups: "dict[tuple[Any, ...], _Group]" = field(default_factory=dict)

    def listed(self, findings: "pl.DataFrame") -> "pl.Series":
        """Return a mask of the listed findings.

        Args:
            findings: all findings about some records, with line_number, anomaly, column_name, severity,
                is_quarantined and reason. The records of a later call come later in the file.
        """
        import polars as pl

        if self.columns is not None:
            known = pl.when(pl.col("column_name").is_in(list(self.columns))).then("column_name")
            findings = findings.with_columns(column_name=known)
        counts = findings.group_by(_KEYS).agg(pl.col("line_number").n_unique())
        groups = {row[:-1]: self._groups.setdefault(row[:-1], _Group()) for row in counts.rows()}
        before = [groups[row[:-1]].seen for row in counts.rows()]
        for row in counts.rows():
            groups[row[:-1]].seen += row[-1]
        if all(group.seen <= self.maximum for group in groups.values()):
            return pl.repeat(value=True, n=findings.height, dtype=pl.Boolean, eager=True)
        room = counts.select(*_KEYS, room=self.maximum - pl.Series(before, dtype=pl.Int64))
        # Nulls are equal here: findings without a column form a group.
        places = findings.join(room, on=_KEYS, how="left", nulls_equal=True, maintain_order="left").with_columns(
            is_listed=pl.col("line_number").rank("dense").over(_KEYS) <= pl.col("room")
        )
        self._count(places.filter(~pl.col("is_listed")), places.filter("is_listed")["line_number"])
        return places["is_listed"]

    def _count(self, others: "pl.DataFrame", listed_lines: "pl.Series") -> None:
        """Count the records of findings that are not listed; `listed_lines` are the lines with a listed finding."""
        import polars as pl

        firsts = others.sort("line_number", *_KEYS, "reason").group_by(_KEYS, maintain_order=True).first()
        for row in firsts.select(*_KEYS, "line_number", "reason").rows():
            group = self._groups[row[:4]]
            if group.first_line is None:
                group.first_line, group.reason = row[4:]
        alone = others.filter(~pl.col("line_number").is_in(listed_lines.unique().implode()))
        # A record with several findings is counted once, in the first of their groups.
        once = alone.sort("line_number", *_KEYS).unique("line_number", keep="first")
        for row in once.group_by(_KEYS).len().rows():
            self._groups[row[:-1]].unlisted += row[-1]

    def summary(self) -> "pl.DataFrame":
        """Return one finding, ready to store, for each anomaly and column that is over the limit."""
        import polars as pl

        from vsf_assets.readers.common.findings import FINDINGS

        rows = []
        for (anomaly, column, severity, is_quarantined), group in sorted(self._groups.items(), key=str):
            rest = group.seen - self.maximum
            if rest <= 0:
                continue
            reason = (
                f"{rest:,} more records have this anomaly, the first of them on line {group.first_line:,}:"
                f" {group.reason}; {self.maximum:,} are listed (VSF_FINDINGS_PER_FILE), the texts of the others are in"
                " the archived original"
            )
            row = (None, anomaly, column, None, None, severity, reason, is_quarantined, rest, group.unlisted)
            rows.append(row)
        counts = {"records": pl.Int64(), "unlisted_records": pl.Int64()}
        return pl.DataFrame(rows, schema={**FINDINGS, **counts}, orient="row")


def stored(findings: "pl.DataFrame") -> "pl.DataFrame":
    """Return findings in the form in which they are stored; by default a finding counts one record.

    A text that is too long for a column is cut; the archived original holds all of it.
    """
    import polars as pl

    from vsf_assets.readers.common.long_texts import beginnings

    findings = findings.with_columns(beginnings(pl.col("raw_value", "raw_text")))
    if "records" in findings.columns:
        return findings
    one, none = pl.lit(1, pl.Int64), pl.lit(0, pl.Int64)
    return findings.with_columns(records=one, unlisted_records=none)


def text_once(findings: "pl.DataFrame") -> "pl.DataFrame":
    """Keep the whole text of a record in its first finding only; cut a long text in the others.

    Otherwise the text of a record would be stored once for each of its findings. `findings` are sorted by record.
    """
    import polars as pl

    text = pl.col("raw_text")
    is_first = pl.int_range(pl.len()).over("line_number") == 0
    whole = is_first | (text.str.len_bytes() <= SHORT_TEXT) | text.is_null()
    return findings.with_columns(
        raw_text=pl.when(whole).then(text).otherwise(text.str.slice(0, SHORT_TEXT) + pl.lit("…"))
    )
