"""Limits per file: findings of a kind that are listed, and bytes after decompression.

Here: the two bounds, and the choice of the findings that are listed. Not here: how findings are made
(readers/delimited/validation.py, readers/json/validation.py) and how bytes are unpacked (byte_stream.py). What is not
listed is counted by one finding for each kind and column; its texts stay in the archived original.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

FINDINGS_PER_FILE = 100_000
"""Records of a file whose findings of one kind and column are listed, by default."""

UNPACKED_BYTES = 10**12
"""Bytes that a file may have when it is unpacked, by default."""

DESCRIPTION_BYTES = 10_000_000
"""Bytes that a file may have which is read as a whole: a description, a request, a state."""

SHORT_TEXT = 1_000
"""Characters of a record that every finding about it shows; a longer text is whole with its first finding only."""

_KEYS = ("anomaly", "column_name", "severity", "is_quarantined")


@dataclass(frozen=True)
class ReadLimits:
    """Bounds for each file.

    Attributes:
        findings: records whose findings of one kind and column are listed.
        unpacked: bytes of the unpacked file.
    """

    findings: int = FINDINGS_PER_FILE
    unpacked: int = UNPACKED_BYTES


DEFAULT_LIMITS = ReadLimits()


@dataclass
class _Group:
    """Findings of one kind and column.

    Attributes:
        seen: records that have one.
        unlisted: those of them that have no listed finding at all, each counted in one group only.
        first_line: the first record whose finding is not listed, and reason, why it was found.
    """

    seen: int = 0
    unlisted: int = 0
    first_line: int | None = None
    reason: str = ""


@dataclass
class FindingsLimit:
    """Chooses the findings that are listed: of each kind and column those of the first records, in file order.

    Attributes:
        most: so many records of a kind and column.
        columns: the contract's columns; findings about other names count as about none, since a file can hold any
            number of them. None: every name is of the contract.
    """

    most: int = FINDINGS_PER_FILE
    columns: Collection[str] | None = None
    _groups: "dict[tuple[Any, ...], _Group]" = field(default_factory=dict)

    def listed(self, findings: "pl.DataFrame") -> "pl.Series":
        """Return a mask of the findings that are listed.

        Args:
            findings: line_number, anomaly, column_name, severity, is_quarantined and reason of all findings about
                some records; the records of a later call come later in the file.
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
        if all(group.seen <= self.most for group in groups.values()):
            return pl.repeat(value=True, n=findings.height, dtype=pl.Boolean, eager=True)
        room = counts.select(*_KEYS, room=self.most - pl.Series(before, dtype=pl.Int64))
        # Nulls are equal here: a finding about no column is of the group without one.
        places = findings.join(room, on=_KEYS, how="left", nulls_equal=True, maintain_order="left").with_columns(
            is_listed=pl.col("line_number").rank("dense").over(_KEYS) <= pl.col("room")
        )
        self._count(places.filter(~pl.col("is_listed")), places.filter("is_listed")["line_number"])
        return places["is_listed"]

    def _count(self, others: "pl.DataFrame", listed_lines: "pl.Series") -> None:
        """Count records whose findings are not listed; `listed_lines` are of those that have a listed one."""
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
        """Return a finding for each kind and column that has more than are listed, as they are stored."""
        import polars as pl

        from vsf_assets.readers.common.findings import FINDINGS

        rows = []
        for (anomaly, column, severity, is_quarantined), group in sorted(self._groups.items(), key=str):
            rest = group.seen - self.most
            if rest <= 0:
                continue
            reason = (
                f"{rest:,} more records have this anomaly, the first of them on line {group.first_line:,}:"
                f" {group.reason}; {self.most:,} are listed (VSF_FINDINGS_PER_FILE), the texts of the others are in"
                " the archived original"
            )
            row = (None, anomaly, column, None, None, severity, reason, is_quarantined, rest, group.unlisted)
            rows.append(row)
        counts = {"records": pl.Int64(), "unlisted_records": pl.Int64()}
        return pl.DataFrame(rows, schema={**FINDINGS, **counts}, orient="row")


def stored(findings: "pl.DataFrame") -> "pl.DataFrame":
    """Return findings as they are stored; one stands for its own record unless it says otherwise.

    Of a text that is too long for a column the beginning is stored; all of it is in the archived original.
    """
    import polars as pl

    from vsf_assets.readers.common.long_texts import beginnings

    findings = findings.with_columns(beginnings(pl.col("raw_value", "raw_text")))
    if "records" in findings.columns:
        return findings
    one, none = pl.lit(1, pl.Int64), pl.lit(0, pl.Int64)
    return findings.with_columns(records=one, unlisted_records=none)


def text_once(findings: "pl.DataFrame") -> "pl.DataFrame":
    """Return findings of which the first about a record holds its whole text, the others the beginning of a long one.

    A record with many findings would be stored as often; `findings` are sorted by record.
    """
    import polars as pl

    text = pl.col("raw_text")
    is_first = pl.int_range(pl.len()).over("line_number") == 0
    whole = is_first | (text.str.len_bytes() <= SHORT_TEXT) | text.is_null()
    return findings.with_columns(
        raw_text=pl.when(whole).then(text).otherwise(text.str.slice(0, SHORT_TEXT) + pl.lit("…"))
    )
