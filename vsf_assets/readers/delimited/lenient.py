"""Lenient parsing of one record: other delimiters, missing and extra fields, undecodable bytes.

Here: the pure half of a tolerant reading, used where its feed declares it (feeds/reading.py, `Tolerance`). Not here:
the exact rules of a record (exact_parser.py), which it builds on, and which rows are held back (validation.py).
"""

from dataclasses import dataclass, replace
from functools import cache

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import show
from vsf_assets.readers.delimited.exact_parser import Problem, Record, count_problem, parse_record, text_problem


@dataclass(frozen=True)
class Note:
    """What was forgiven of a record that is among the rows.

    Attributes:
        line: physical line the record starts on.
        present: how many of the header's fields it has.
        problems: what is wrong with it.
    """

    line: int
    present: int
    problems: tuple[Problem, ...]


@cache
def other_dialect(dialect: Delimited) -> Delimited:
    """Return the dialect with the two delimiters of its tolerance exchanged."""
    if dialect.tolerance is None:
        raise ValueError("a dialect without tolerance has one delimiter")
    theirs = replace(dialect.tolerance, other_delimiter=dialect.delimiter)
    return replace(dialect, delimiter=dialect.tolerance.other_delimiter, tolerance=theirs)


def parse_tolerant(data: bytes, start: int, dialect: Delimited, width: int) -> Record:
    """Parse the record that starts at `start`, with the delimiter that it uses; see `parse_record`.

    A record that has the header's fields is never read in another way. One that has not is read with the other
    delimiter if that stands behind its first field and gives the header's fields, or any cut where the file's own
    delimiter gives none.
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
    """Whether the record was written with the other delimiter."""
    if other.fields is None or len(other.fields) < 2:
        return False
    is_quoted = data.startswith(dialect.quote.encode(), start)
    if not is_quoted and dialect.delimiter.encode() in other.fields[0]:
        return False
    return len(other.fields) == width or record.fields is None or len(record.fields) == 1


def without_empty_columns(fields: list[bytes], width: int, dialect: Delimited) -> list[bytes]:
    """Return the fields of a record without those in columns that have no name, if nothing stands in them."""
    surplus = fields[width:]
    empty = dialect.tolerance.empty_columns if dialect.tolerance else 0
    return fields[:width] if len(surplus) <= empty and not any(field.strip(b" ") for field in surplus) else fields


def forgive(fields: list[bytes], names: list[str], dialect: Delimited) -> tuple[list[str], tuple[Problem, ...]]:
    r"""Return a text for each of the header's columns, and what is wrong with the record.

    Missing fields become empty, surplus ones are cut, and bytes that are no text are shown as `\xNN`.
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
