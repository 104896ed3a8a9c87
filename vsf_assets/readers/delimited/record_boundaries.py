"""Finds record boundaries in a block of bytes, vectorized, and marks irregular records.

Here: the proof that quotes stand only at the borders of fields. Then a newline with an odd number of quotes before it
belongs to a value. Not here: parsing the records (fast_parser.py).
"""

from typing import Any, NamedTuple

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import BOM, is_utf8
from vsf_assets.readers.delimited.exact_parser import blank_bytes, is_blank

_PROBES = (1.0, 0.5, 0.25, 0.75)
"""Relative positions of the bytes that are tested before the whole record; few records that are not blank pass."""


class Borders(NamedTuple):
    """The boundaries of the records of a block, as arrays with one item per record.

    Attributes:
        starts, ends: positions of the record's first byte and of the newline that ends it.
        delimiters: number of delimiters outside quotes.
        newlines_before: number of newlines in the block before the record.
        newlines: number of newlines in the block up to the end of the last record (one number).
    """

    starts: Any
    ends: Any
    delimiters: Any
    newlines_before: Any
    newlines: int


def find_borders(array: Any, quotes: Any, dialect: Delimited) -> Borders | None:
    """Return the boundaries of the records of a block; None if quotes also stand inside fields.

    Args:
        array: the bytes of the block; those after the last newline outside quotes are ignored.
        quotes: the positions of its quotes that are not escaped.
        dialect: the dialect of the file.
    """
    import numpy as np

    delimiters = np.flatnonzero(array == ord(dialect.delimiter))
    newlines = np.flatnonzero(array == 10)
    # Newlines with an odd number of quotes before them belong to a value; the others end a record.
    ordinals = np.flatnonzero(np.searchsorted(quotes, newlines) & 1 == 0)
    if not len(ordinals):
        return None
    ends = newlines[ordinals]
    counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    quotes = quotes[: np.searchsorted(quotes, ends[-1])]
    if len(quotes):
        if not _at_borders(array, quotes, dialect):
            return None
        opening, closing = quotes[0::2], quotes[1::2]
        inside = np.searchsorted(delimiters, closing) - np.searchsorted(delimiters, opening)
        holding = np.flatnonzero(inside)
        np.subtract.at(counts, np.searchsorted(ends, opening[holding]), inside[holding])
    starts, before = np.roll(ends, 1) + 1, np.roll(ordinals, 1) + 1
    starts[0] = before[0] = 0
    return Borders(starts, ends, counts, before, int(ordinals[-1]) + 1)


def irregular_records(text: bytes, array: Any, borders: Borders, width: int) -> Any:
    """Return a mask of the records that polars would parse differently from the exact parser; ignores blank records.

    Args:
        text: the block up to the end of its last record.
        array: the same bytes.
        borders: the boundaries of its records.
        width: the required number of fields.
    """
    import numpy as np

    starts, ends = borders.starts, borders.ends
    mask = borders.delimiters != width - 1
    # NUL, and a CR that does not end a line: the exact parser decides about these records.
    if b"\0" in text:
        mask[np.searchsorted(ends, np.flatnonzero(array == 0))] = True
    if b"\r" in text:
        returns = np.flatnonzero(array == 13)
        mask[np.searchsorted(ends, returns[array[returns + 1] != 10])] = True
    mask |= array[starts] == BOM[0]  # polars drops a BOM at the start of its input
    return mask | _no_text(text, starts, ends)


def blank_records(text: bytes, array: Any, starts: Any, ends: Any, dialect: Delimited) -> list[int]:
    """Return the indexes of the records that hold only delimiters and spaces.

    Args:
        text: the bytes of the records.
        array: the same bytes.
        starts: positions of their first bytes.
        ends: positions of the newlines that end them.
        dialect: the dialect of the file.
    """
    import numpy as np

    is_in = np.zeros(256, dtype=bool)
    is_in[list(blank_bytes(dialect))] = True
    places = np.flatnonzero(is_in[array[starts]])
    for probe in _PROBES:
        if not len(places):
            return []
        begin = starts[places]
        places = places[is_in[array[begin + (np.maximum(ends[places] - begin - 1, 0) * probe).astype(np.int64)]]]
    return [at for at in places.tolist() if is_blank(text[starts[at] : ends[at]], dialect)]


def _no_text(text: bytes, starts: Any, ends: Any) -> Any:
    """Return a mask of the records that are not UTF-8; polars would refuse the whole block because of one."""
    import numpy as np

    mask = np.zeros(len(starts), dtype=bool)
    if text.isascii() or is_utf8(text):
        return mask
    high = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) > 127)
    for at in np.unique(np.searchsorted(ends, high)):
        mask[at] = not is_utf8(text[starts[at] : ends[at]])
    return mask


def _at_borders(array: Any, quotes: Any, dialect: Delimited) -> bool:
    """Whether each opening quote starts a field and each closing one ends it."""
    import numpy as np

    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, array[opening - 1], 10)
    after = array[closing + 1]  # the block's last record ends with a newline outside quotes
    borders = (ord(dialect.delimiter), 10)
    starts, stops = np.isin(before, borders), np.isin(after, (*borders, 13))
    stops &= (after != 13) | (array[np.minimum(closing + 2, len(array) - 1)] == 10)
    if dialect.escape is None and len(opening):
        doubled = opening[1:] == closing[:-1] + 1
        starts[1:] |= doubled
        stops[:-1] |= doubled
    return bool(starts.all() and stops.all())
