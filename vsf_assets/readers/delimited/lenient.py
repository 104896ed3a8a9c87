"""Lenient parsing of one record: other delimiters, missing and extra fields, undecodable bytes.

Here: pure functions on bytes, for feeds that declare a `Tolerance` (feeds/reading.py). Not here: the exact rules of a
record (exact_parser.py), on which they build, and the choice of quarantined rows (validation.py).
"""

from dataclasses import dataclass, replace
from functools import cache

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import show
from vsf_assets.readers.delimited.exact_parser import Problem, Record, count_problem, parse_record, text_problem


@dataclass(frozen=True)
class Note:
    """The repairs of one record that is in the frame.

    Attributes:
        line: physical line on which the record starts.
        present: number of the header's fields that the record has.
        problems: its defects.
    """

    line: int
    present: int
    problems: tuple[Problem, ...]


@cache
def other_dialect(dialect: Delimited) -> Delimited:
    """Return the dialect with the delimiter and the other delimiter of its tolerance exchanged."""
    if dialect.tolerance is None:
        raise ValueError("a dialect without tolerance has one delimiter")
    theirs = replace(dialect.tolerance, other_delimiter=dialect.delimiter)
    return replace(dialect, delimiter=dialect.tolerance.other_delimiter, tolerance=theirs)


def parse_tolerant(data: bytes, start: int, dialect: Delimited, width: int) -> Record:
    """Parse the record that starts at `start` with the delimiter that the record uses; see `parse_record`.

    A record with the right number of fields always uses the file's delimiter. Otherwise the other delimiter is used if
    it follows the first field, and either gives the right number of fields, or splits a record that the file's
    delimiter does not split.
    """
    record = parse_record(data, start, dialect, width)
    if dialect.tolerance is None:
        return record
    if record.fields is not None and len(without_empty_columns(record.fields, width, dialect)) == width:
        return record
    if data.find(dialect.tolerance.other_delimiter.encode(), start, record.end) < 0:
        return record
    other = parse_record(data, start, other_dialect(dialect))
    return other if _is_meant(record, other, data, start, dialect, width) else record


def _is_meant(record: Record, other: Record, data: bytes, start: int, dialect: Delimited, width: int) -> bool:
    """Whether the record uses the other delimiter."""
    if other.fields is None or len(other.fields) < 2:
        return False
    is_quoted = data.startswith(dialect.quote.encode(), start)
    if not is_quoted and dialect.delimiter.encode() in other.fields[0]:
        return False
    return len(other.fields) == width or record.fields is None or len(record.fields) == 1


def without_empty_columns(fields: list[bytes], width: int, dialect: Delimited) -> list[bytes]:
    """Drop the fields of unnamed columns if all of them are empty."""
    surplus = fields[width:]
    empty = dialect.tolerance.empty_columns if dialect.tolerance else 0
    return fields[:width] if len(surplus) <= empty and not any(field.strip(b" ") for field in surplus) else fields


def repair(fields: list[bytes], names: list[str], dialect: Delimited) -> tuple[list[str], tuple[Problem, ...]]:
    r"""Return a text for each of the header's columns, and the defects of the record.

    Missing fields become empty, extra fields are dropped, and bytes that are not text become `\xNN`.
    """
    fields = without_empty_columns(fields, len(names), dialect)
    number = count_problem(fields, names, dialect.delimiter)
    problems = [number] if number else []
    texts = []
    for at, field in enumerate(fields[: len(names)]):
        try:
            text = field.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            problem = text_problem(field, names[at], at)
            problems += [problem] if problem else []
            text = show(field)
        texts.append(text)
    return [*texts, *[""] * (len(names) - len(texts))], tuple(problems)
