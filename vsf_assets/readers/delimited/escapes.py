"""Rewrites escaped bytes of a block, so that polars, which knows no escapes, reads them.

Here: finding escaped quotes and escapes, and the bytes for polars. Not here: the boundaries of records
(record_boundaries.py) and the parse (fast_parser.py).

An escaped quote inside quotes becomes a doubled quote, which has the same length and which polars reads as one. The
escape before an escape is dropped. So most blocks need no second look at the parsed columns.
"""

from typing import Any, NamedTuple

import polars as pl

from vsf_assets.feeds.reading import Delimited

_OUTSIDE = b"\x01"
"""Placeholder for an escaped quote outside quotes, where polars would not read a doubled one."""


class Escapes(NamedTuple):
    """The escaped bytes of a block, as arrays of the positions of the escapes before them.

    Attributes:
        quotes: before escaped quotes.
        escapes: before escaped escapes.
    """

    quotes: Any
    escapes: Any


class ForPolars(NamedTuple):
    """A block for polars.

    Attributes:
        text: its bytes, as an array of the same length.
        dropped: positions of bytes that polars must not see.
        has_placeholders: whether `shown` has to be called for the parsed frame.
    """

    text: Any
    dropped: Any
    has_placeholders: bool


def find_escapes(array: Any, dialect: Delimited) -> Escapes | None:
    """Return the escaped quotes and escapes of a block that ends with a newline; None if other bytes are escaped."""
    import numpy as np

    if dialect.escape is None:
        return Escapes(np.arange(0), np.arange(0))
    places = np.flatnonzero(array == ord(dialect.escape))
    # Indexes of the escapes right behind another one. In a row of them the first escapes the second, and so on.
    behind = np.flatnonzero(places[1:] - places[:-1] == 1) + 1
    begins = np.flatnonzero(np.diff(behind, prepend=-1) != 1)
    ordinals = np.arange(len(behind)) - np.repeat(begins, np.diff(begins, append=len(behind)))
    escaped = behind[ordinals & 1 == 0]
    is_other = np.ones(len(places), dtype=bool)
    is_other[escaped] = is_other[escaped - 1] = False
    others = places[is_other]
    if not (array[others + 1] == ord(dialect.quote)).all():
        return None
    return Escapes(others, places[escaped - 1])


def quotes_of_fields(array: Any, escapes: Escapes, dialect: Delimited) -> Any:
    """Return the positions of the quotes that are not escaped."""
    import numpy as np

    is_quote = array == ord(dialect.quote)
    is_quote[escapes.quotes + 1] = False
    return np.flatnonzero(is_quote)


def for_polars(array: Any, escapes: Escapes, quotes: Any, dialect: Delimited) -> ForPolars | None:
    """Return what polars is given instead of a block; None if the block holds the placeholder itself.

    Args:
        array: the bytes of whole records.
        escapes: the escaped bytes; those behind the records do not count.
        quotes: positions of the quotes that are not escaped; likewise.
        dialect: the dialect of the file.
    """
    import numpy as np

    if not len(escapes.quotes) and not len(escapes.escapes):
        return ForPolars(array, escapes.escapes, has_placeholders=False)
    escapes = Escapes(*(places[: np.searchsorted(places, len(array))] for places in escapes))
    quotes = quotes[: np.searchsorted(quotes, len(array))]
    text = array.copy()
    text[escapes.quotes] = ord(dialect.quote)
    opening, closing = quotes[0::2], quotes[1::2]
    inside = np.searchsorted(escapes.quotes, closing) - np.searchsorted(escapes.quotes, opening)
    if int(inside.sum()) == len(escapes.quotes):
        return ForPolars(text, escapes.escapes, has_placeholders=False)
    if (array == _OUTSIDE[0]).any():
        return None
    outside = escapes.quotes[np.searchsorted(quotes, escapes.quotes) & 1 == 0]
    text[outside + 1] = _OUTSIDE[0]
    return ForPolars(text, np.concatenate((escapes.escapes, outside)), has_placeholders=True)


def shown(frame: pl.DataFrame, dialect: Delimited) -> pl.DataFrame:
    """Put the quotes into a parsed frame whose bytes had placeholders."""
    texts = pl.col(pl.String).str.replace_all(_OUTSIDE.decode(), dialect.quote, literal=True)
    return frame.with_columns(texts)
