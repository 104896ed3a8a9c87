"""Finds record boundaries in a block of bytes, vectorized, and marks irregular records.

Here: the proof that quotes only stand at the borders of fields, by which an odd number of them before a newline means
that it belongs to a value. Not here: what is done with the records (fast_parser.py).
"""

from typing import Any, NamedTuple

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.displayable_text import BOM, is_utf8
from vsf_assets.readers.delimited.exact_parser import blank_bytes, is_blank

_PROBES = (1.0, 0.5, 0.25, 0.75)
"""Where the bytes of a record are looked at before all of them are: few records that are not blank pass."""


class Borders(NamedTuple):
    """The records of a block, as arrays with an item for each.

    Attributes:
        starts, ends: positions of its first byte and of the newline that ends it.
        delimiters: how many it has outside quotes.
        newlines_before: how many newlines the block has before it.
        newlines: how many the block has up to the end of its last record.
    """

    starts: Any
    ends: Any
    delimiters: Any
    newlines_before: Any
    newlines: int


def find_borders(array: Any, dialect: Delimited) -> Borders | None:
    """Return the borders of the records of a block, or None where quotes do not only stand at the borders of fields.

    Args:
        array: its bytes; behind the last newline outside quotes they are left alone.
        dialect: how the file is written.
    """
    import numpy as np

    delimiter = ord(dialect.delimiter)
    quotes = np.flatnonzero(array == ord(dialect.quote))
    marks = np.flatnonzero((array == 10) | (array == delimiter))
    # Places among the marks, and among the newlines, of the newlines that end a record: before the others an odd
    # number of quotes stands, so they belong to a value.
    marked = np.flatnonzero(array[marks] == 10)
    newlines = marks[marked]
    is_end = np.searchsorted(quotes, newlines) & 1 == 0
    ordinals = np.flatnonzero(is_end)
    if not len(ordinals):
        return None
    ends = newlines[ordinals]
    counts = np.diff(marked[ordinals] - ordinals, prepend=0)
    quotes = quotes[: np.searchsorted(quotes, ends[-1])]
    if len(quotes):
        if not _at_borders(array, quotes, dialect):
            return None
        opening, closing = quotes[0::2], quotes[1::2]
        inside = _between(marks, opening, closing)
        if len(ordinals) <= ordinals[-1]:
            inside -= _between(newlines, opening, closing)
        holding = np.flatnonzero(inside)
        np.subtract.at(counts, np.searchsorted(ends, opening[holding]), inside[holding])
    starts, before = np.roll(ends, 1) + 1, np.roll(ordinals, 1) + 1
    starts[0] = before[0] = 0
    return Borders(starts, ends, counts, before, int(ordinals[-1]) + 1)


def _between(places: Any, opening: Any, closing: Any) -> Any:
    """Return how many of the places lie between each opening and its closing."""
    import numpy as np

    return np.searchsorted(places, closing) - np.searchsorted(places, opening)


def irregular_records(text: bytes, array: Any, borders: Borders, width: int) -> Any:
    """Return a mask of the records that polars would not read as the exact parser does; blank ones are not looked for.

    Args:
        text: the block up to the end of its last record.
        array: the same bytes.
        borders: of its records.
        width: how many fields a record has to have.
    """
    import numpy as np

    starts, ends = borders.starts, borders.ends
    returns = np.flatnonzero(array == 13)
    # A quoted newline leaves the record's own bytes; a CR that ends no line needs a closer look.
    odd = np.concatenate((np.flatnonzero(array == 0), returns[array[returns + 1] != 10]))
    mask = borders.delimiters != width - 1
    mask[np.searchsorted(ends, odd)] = True
    mask |= array[starts] == BOM[0]  # polars drops a BOM in front of what it is given
    return mask | _no_text(text, starts, ends)


def blank_records(text: bytes, array: Any, starts: Any, ends: Any, dialect: Delimited) -> list[int]:
    """Return the places of the records that hold nothing but delimiters and spaces.

    Args:
        text: the bytes of the records.
        array: the same bytes.
        starts: positions of their first bytes.
        ends: positions of the newlines that end them.
        dialect: how the file is written.
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
    """Return a mask of the records that are not UTF-8, which polars refuses along with all others."""
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
