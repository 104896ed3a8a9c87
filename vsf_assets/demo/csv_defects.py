"""Injects defects into CSV rows at given positions.

Here: the conversion of rows to lines, and the defects. A defect is a function of the row and of the row before it. It
returns the invalid row, or a line if fields cannot express the defect. Not here: the rows (dataset_rows.py), the
positions (datasets.py), and the findings that the platform reports; tests that check findings have their own defects.
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
        defect_at: returns the defect for a row number, or None; the first row has number 0.
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
    """Return a row as a line of CSV; fields are quoted if necessary."""
    written = io.StringIO()
    # Python before 3.12 quotes a line end only if it is the line terminator of the writer.
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(row)
    return written.getvalue()[:-1]


def changed(fields: Mapping[int, str]) -> Defect:
    """Return a defect that replaces values: index of the field, from 0 -> new value."""
    return lambda row, _before: [fields.get(place, value) for place, value in enumerate(row)]


def short(fields: int) -> Defect:
    """Return a defect that cuts the row after a number of fields."""
    return lambda row, _before: row[:fields]


def long(row: Row, _before: Row) -> Row:
    """Add a field that is not in the header."""
    return [*row, "surplus"]


def repeated(_row: Row, before: Row) -> Row:
    """Repeat the previous row."""
    return before


def same_key(row: Row, before: Row) -> Row:
    """Give the row the key (the first field) of the previous row."""
    return [before[0], *row[1:]]


def never_closed(field: int) -> Defect:
    """Return a defect that opens a quote before a field and does not close it."""
    return lambda row, _before: line(row[:field]) + ',"' + line(row[field:])


def other_delimiter(row: Row, _before: Row) -> str:
    """Write the row with semicolons; the lenient reading accepts it, and it is not an anomaly."""
    return line(row, ";")


def blank(_row: Row, _before: Row) -> str:
    """Leave the line empty; this is not an anomaly."""
    return ""
