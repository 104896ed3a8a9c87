"""Validates JSON records against their contracts: typed rows, and a finding for each defect.

Here: fast validation of all records, exact validation of those that fail it, and the rules of the contract. Not here:
reading the records (read_json.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vsf_assets.contracts.derived_schemas import has_rules
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import CELLS, FINDINGS, NO_FINDINGS, broken_rules
from vsf_assets.readers.common.implausible_texts import implausible_texts
from vsf_assets.readers.common.limits import SHORT_TEXT, FindingsLimit
from vsf_assets.readers.common.long_texts import long_texts
from vsf_assets.readers.json.exact_validator import Defect, Fields, Validated, shown_record
from vsf_assets.readers.json.fast_validator import Row, typed_rows
from vsf_assets.readers.json.lossless_values import shown

AT_ONCE = 20_000
"""Number of findings that are collected before the limit chooses the listed ones; AT_ONCE_CHARACTERS: their size."""

AT_ONCE_CHARACTERS = 32 << 20

_BROKEN = Defect("invalid_value", None, None, "the record does not hold the fields of its type")


@dataclass
class Records:
    """A batch of records of a file, each identified by its place (its index in the batch).

    Attributes:
        raw: place -> bytes of the record.
        first_line: line of the record at place 0; the others have the following lines.
        validate: place -> result of the exact validation; may raise UnreadableError.
        groups: kind -> (places, parsed data) of the records that look regular.
        to_validate: places of the records that need exact validation.
        may_hold_nul: whether a text of the records may hold a NUL character.
        are_foreign: whether another system wrote the records, so that texts may be implausible or too long.
    """

    raw: Callable[[int], bytes]
    first_line: int
    validate: Callable[[int], Validated]
    groups: dict[str, tuple[list[int], list[Row]]] = field(default_factory=dict)
    to_validate: set[int] = field(default_factory=set)
    may_hold_nul: bool = True
    are_foreign: bool = False

    def line(self, place: int) -> int:
        """Return the line of the record at a place."""
        return self.first_line + place

    def mark_for_validation(self, places: Iterable[int]) -> None:
        """Move records from the groups to the exact validation."""
        wanted = set(places)
        self.to_validate |= wanted
        for kind, (all_places, rows) in list(self.groups.items()):
            kept = [(p, row) for p, row in zip(all_places, rows, strict=True) if p not in wanted]
            self.groups[kind] = ([p for p, _ in kept], [row for _, row in kept])


@dataclass
class CheckedRecords:
    """Validated records.

    Attributes:
        valid: rows by table, with `_line`.
        findings: one row per finding, with the columns of `findings.FINDINGS`.
        quarantined: number of quarantined records.
        skipped: kind that the feed does not read -> (line of its first record, number of records).
    """

    valid: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    quarantined: int
    skipped: dict[str, tuple[int, int]]


class _Findings:
    """Collects findings, from which a limit chooses the listed ones; counts each quarantined record once."""

    def __init__(self, records: Records, limit: FindingsLimit):
        self._records, self._limit = records, limit
        self._rows: list[tuple[Any, ...]] = []
        self._size = 0
        self._frames = [NO_FINDINGS]
        self.places: set[int] = set()

    def add(self, place: int, defects: Sequence[Defect]) -> None:
        """Add the defects of a quarantined record."""
        self.places.add(place)
        self._add(place, defects, is_error=True)

    def warn(self, place: int, defects: Sequence[Defect]) -> None:
        """Add warnings about a record that is loaded."""
        self._add(place, defects, is_error=False)

    def _add(self, place: int, defects: Sequence[Defect], is_error: bool) -> None:
        line, text = self._records.line(place), shown_record(self._records.raw(place))
        severity = "error" if is_error else "warning"
        for d in defects:
            self._rows.append((line, d.anomaly, d.field, d.value, text, severity, d.reason, is_error))
            self._size += len(d.value or "")
            if len(text) > SHORT_TEXT:  # only the first finding holds the whole text
                self._size += len(text)
                text = text[:SHORT_TEXT] + "…"
        if len(self._rows) > AT_ONCE or self._size > AT_ONCE_CHARACTERS:
            self._choose()

    def _choose(self) -> None:
        if self._rows:
            frame = pl.DataFrame(self._rows, schema=FINDINGS, orient="row")
            self._frames.append(frame.filter(self._limit.listed(frame)))
            self._rows, self._size = [], 0

    def frame(self) -> pl.DataFrame:
        self._choose()
        return pl.concat(self._frames)


def check_records(
    records: Records, tables: dict[str, Table], fields: dict[str, Fields], limit: FindingsLimit
) -> CheckedRecords:
    """Validate records against the contracts of their kinds.

    Args:
        records: the records.
        tables: kind -> contract, for every kind that the feed reads.
        fields: kind -> the contract's fields.
        limit: chooses the listed findings.

    Raises:
        UnreadableError: the exact validation finds that the whole file cannot be read.
    """
    findings = _Findings(records, limit)
    frames: dict[str, list[pl.DataFrame]] = {kind: [] for kind in tables}
    for kind in tables:
        _prove(records, kind, fields[kind], frames[kind])
    skipped = {kind: set(places) for kind, (places, _) in records.groups.items() if kind not in tables}
    validated: dict[str, tuple[list[int], list[Row]]] = {}
    for place in sorted(records.to_validate):
        verdict = records.validate(place)
        if verdict.defects:
            findings.add(place, verdict.defects)
        elif verdict.data is None:
            skipped.setdefault(verdict.kind or "", set()).add(place)
        else:
            places, rows = validated.setdefault(verdict.kind or "", ([], []))
            places.append(place)
            rows.append(verdict.data)
    for kind, (places, rows) in validated.items():
        frame, bad = typed_rows(rows, places, fields[kind])
        frames[kind].append(frame)
        for place in bad:
            findings.add(place, (_BROKEN,))
    valid = {tables[kind].name: _by_rules(parts, tables[kind], records, findings) for kind, parts in frames.items()}
    lines = {kind: (records.line(min(places)), len(places)) for kind, places in skipped.items() if places}
    return CheckedRecords(valid, findings.frame(), len(findings.places), lines)


def _prove(records: Records, kind: str, fields: Fields, frames: list[pl.DataFrame]) -> None:
    """Add the rows of a kind that the fast validator proves valid; mark the others for exact validation."""
    places, rows = records.groups.get(kind, ([], []))
    if rows:
        frame, bad = typed_rows(rows, places, fields, records.may_hold_nul)
        frames.append(frame)
        records.to_validate.update(bad)


def _by_rules(parts: list[pl.DataFrame], table: Table, records: Records, findings: _Findings) -> pl.DataFrame:
    """Return the rows that satisfy the contract's rules, sorted by line; converts `_line` from places to lines."""
    if not parts:
        return pl.DataFrame({"_line": []}, schema={"_line": pl.Int64})
    frame = parts[0] if len(parts) == 1 else pl.concat(parts).sort("_line")
    cells = long_texts(frame, table) if records.are_foreign else pl.DataFrame(schema=CELLS)
    if has_rules(table):
        broken = broken_rules(frame.drop("_line"), table)
        cells = pl.concat([cells, broken.join(cells, on=["row", "column_name"], how="anti")])
    if cells.height:
        for (row,), found in cells.group_by("row", maintain_order=True):
            defects = [
                Defect(anomaly, name, shown(frame[name][row]), reason)
                for name, anomaly, reason in found.select("column_name", "anomaly", "reason").rows()
            ]
            findings.add(frame["_line"][row], defects)
        frame = frame.filter(~pl.int_range(frame.height).is_in(cells["row"].unique().implode()))
    if records.are_foreign:
        for row, name, reason in implausible_texts(frame, table).select("row", "column_name", "reason").rows():
            defect = Defect("implausible_value", name, shown(frame[name][row]), reason)
            findings.warn(frame["_line"][row], [defect])
    return frame.replace_column(0, frame["_line"] + records.first_line) if records.first_line else frame
