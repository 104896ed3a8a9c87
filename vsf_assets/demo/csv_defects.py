"""Injects defects into CSV rows at chosen places.

Here: rows to lines, with an invalid row in place of a good one. A defect is a function of the row and of the one
written before it, and returns the invalid row, or a line where no row of fields says what is wrong. Not here: the rows
(dataset_rows.py), the places, and what the platform tells of them; tests that need their own truth have defects of
their own.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping

Row = list[str]
Defect = Callable[[Row, Row], Row | str]


def lines_of(rows: Iterable[Row], defect_at: Callable[[int], Defect | None]) -> Iterator[str]:
    """Yield the lines of a file, without line ends.

    Args:
        rows: the good rows.
        defect_at: returns the defect for a row, by number from 0.
    """
    before: Row = []
    for number, row in enumerate(rows):
        defect = defect_at(number)
        found = row if defect is None else defect(row, before)
        if isinstance(found, str):
            yield found
        else:
            before = found
            yield line(found)


def line(row: Row, delimiter: str = ",") -> str:
    """Return a row as a line of CSV; fields are quoted where they need it."""
    written = io.StringIO()
    # Python before 3.12 quotes a line end only where the writer ends its lines with it.
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(row)
    return written.getvalue()[:-1]


def changed(fields: Mapping[int, str]) -> Defect:
    """Return the defect of other values: place of the field, from 0 -> value."""
    return lambda row, _before: [fields.get(place, value) for place, value in enumerate(row)]


def short(fields: int) -> Defect:
    """Return the defect of a row that ends after so many fields."""
    return lambda row, _before: row[:fields]


def long(row: Row, _before: Row) -> Row:
    """Add a field that no header names."""
    return [*row, "surplus"]


def repeated(_row: Row, before: Row) -> Row:
    """Write the row before once more."""
    return before


def same_key(row: Row, before: Row) -> Row:
    """Give the row the key of the one before, which is the first field."""
    return [before[0], *row[1:]]


def never_closed(field: int) -> Defect:
    """Return the defect of a quote in front of a field, without one behind it."""
    return lambda row, _before: line(row[:field]) + ',"' + line(row[field:])


def other_delimiter(row: Row, _before: Row) -> str:
    """Write the row with semicolons, which is read, and no anomaly where others have commas."""
    return line(row, ";")


def blank(_row: Row, _before: Row) -> str:
    """Leave the line empty, which is no anomaly."""
    return ""
