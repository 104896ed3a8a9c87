"""Vectorized repair of records with a wrong number of fields.

Here: records whose only defect is the number of fields or the other delimiter. Not here: other defects; such records
are returned for the exact rules (lenient.py). Both give the same rows and notes.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import BOM, is_utf8
from vsf_assets.readers.delimited.exact_parser import count_problem, is_blank
from vsf_assets.readers.delimited.fast_parser import read_fields
from vsf_assets.readers.delimited.lenient import other_dialect

NOTES = {
    "_line": pl.Int64(),
    "present": pl.Int64(),
    "column_name": pl.String(),
    "anomaly": pl.String(),
    "reason": pl.String(),
    "noted_value": pl.String(),
}
"""Columns of a frame of notes: one row per defect of a repaired record; `present` is its number of fields."""

FEW = 20
"""Number of records with the same width and delimiter up to which a vectorized parse is slower."""

WIDEST = 1_000
"""Number of fields above which a data frame column per field costs more than parsing the record alone."""

Raw = tuple[int, bytes]
"""Physical line and bytes of a record."""


@dataclass(frozen=True)
class Repaired:
    """The result of the vectorized repair.

    Attributes:
        frame: `_line` and the header's columns of the repaired records.
        notes: their defects, with the columns of NOTES.
        rest: the records that were not repaired.
    """

    frame: pl.DataFrame
    notes: pl.DataFrame
    rest: list[Raw] = field(default_factory=list)


def repair_many(irregular: list[Raw], widths: list[int], dialect: Delimited, names: list[str]) -> Repaired:
    """Repair those irregular records of a proven block whose only defect is the number of fields.

    Args:
        irregular: the records; quotes stand only at the borders of fields.
        widths: number of fields of each record.
        dialect: the dialect of the file; without a tolerance no record is repaired.
        names: the header's columns.
    """
    frames = [pl.DataFrame(schema={"_line": pl.Int64(), **dict.fromkeys(names, pl.String())})]
    notes, rest = [pl.DataFrame(schema=NOTES)], list[Raw]()
    shapes: dict[tuple[Delimited, int], list[Raw]] = defaultdict(list)
    for item, width in zip(irregular, widths, strict=True):
        used = _dialect_of(item[1], dialect)
        if used is None:
            rest.append(item)
        else:
            size = width if used is dialect else item[1].count(used.delimiter.encode()) + 1
            shapes[used, size].append(item)
    for (used, size), group in shapes.items():
        if len(group) < FEW or size > WIDEST:
            rest += group
            continue
        fields = read_fields(b"".join(raw for _, raw in group), used, [f"{n}" for n in range(size)])
        if fields is None or fields.height != len(group):
            rest += group
            continue
        lines = pl.Series("_line", [line for line, _ in group], dtype=pl.Int64)
        frames.append(_padded(fields, names).insert_column(0, lines))
        notes.append(_notes(fields, lines, names, dialect))
    return Repaired(pl.concat(frames), pl.concat(notes), sorted(rest))


def _dialect_of(raw: bytes, dialect: Delimited) -> Delimited | None:
    """Return the dialect of a record, or None if only the exact rules can decide it."""
    if dialect.tolerance is None or dialect.escape is not None or not _is_plain(raw, dialect):
        return None
    if dialect.tolerance.other_delimiter.encode() not in raw:
        return dialect
    return None if dialect.delimiter.encode() in raw or dialect.quote.encode() in raw else other_dialect(dialect)


def _is_plain(raw: bytes, dialect: Delimited) -> bool:
    """Whether the record is UTF-8 text, not blank, and without a CR inside the line."""
    ends = raw.count(b"\r") == raw.endswith(b"\r\n")
    if not ends or b"\0" in raw or is_blank(raw, dialect) or raw.startswith(BOM):
        return False
    return is_utf8(raw)


def _padded(fields: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Fit the fields to the header's columns: fill missing fields with empty texts, drop extra fields."""
    there = [fields.to_series(at).alias(name) for at, name in enumerate(names[: fields.width])]
    absent = [pl.lit("").alias(name) for name in names[fields.width :]]
    return pl.DataFrame(there).with_columns(absent).select(names)


def _notes(fields: pl.DataFrame, lines: pl.Series, names: list[str], dialect: Delimited) -> pl.DataFrame:
    """Return a note for each record with a wrong number of fields; extra fields in empty columns do not count."""
    problem = count_problem([b""] * fields.width, names, dialect.delimiter)
    if problem is None:
        return pl.DataFrame(schema=NOTES)
    surplus = [pl.col(name).fill_null("") for name in fields.columns[len(names) :]]
    value = pl.concat_str(surplus, separator=dialect.delimiter) if surplus else pl.lit(None, pl.String)
    empty = dialect.tolerance.empty_columns if dialect.tolerance else 0
    if surplus and len(surplus) <= empty:
        holds = pl.any_horizontal(column.str.strip_chars(" ") != "" for column in surplus)
        kept = fields.select(holds).to_series()
        fields, lines = fields.filter(kept), lines.filter(kept)
    return fields.select(
        _line=lines,
        present=pl.lit(fields.width, pl.Int64),
        column_name=pl.lit(None if problem.column is None else names[problem.column], pl.String),
        anomaly=pl.lit(problem.anomaly),
        reason=pl.lit(problem.reason),
        noted_value=value,
    )
