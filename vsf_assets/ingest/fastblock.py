"""The fast path: a block of records whose borders are proven is parsed by polars at once.

Here: the proof, on bytes, and the parse. Not here: single records that are irregular (a wrong
number of fields, blank, NUL, a lone CR, no UTF-8); they are handed back as bytes for records.py, and so is
the whole block where the proof fails. The proof: quotes only stand at the borders of fields.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vsf_assets.feeds.feed import Delimited
from vsf_assets.ingest.records import MAX_RECORD

_ESCAPED_QUOTE, _ESCAPED_ESCAPE = b"\x01", b"\x02"
"""Stand-ins for escaped bytes while polars parses; a block that holds them is not proven."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Proven:
    """A block with proven borders.

    Attributes:
        frame: `_line` and the file's columns; text, or the integer types asked for.
        irregular: (physical line, bytes) of the records that are not in the frame.
        widths: how many fields each of those has.
        consumed: bytes of the input that the records cover.
        newlines: physical lines that they cover.
    """

    frame: pl.DataFrame
    consumed: int
    newlines: int
    irregular: list[tuple[int, bytes]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)


def parse_block(
    data: bytes, first_line: int, dialect: Delimited, names: list[str], integers: bool, most: int | None = None
) -> Proven | None:
    """Parse the records of `data` up to its last record end, or return None without a proof.

    Args:
        data: bytes from a record's start on.
        first_line: physical line number of the first byte.
        dialect: how the file is written.
        names: the header's columns.
        integers: whether every column is a 64-bit integer (parsed at once where possible).
        most: how many irregular records are handed back at most; None for any number.
    """
    half = MAX_RECORD // 2
    if any(data.find(b"\n", at, at + half) < 0 for at in range(0, len(data) - half, half)):
        return None
    escaped = dialect.escape is not None and dialect.escape.encode() in data
    text = _hide_escapes(data, dialect) if escaped else data
    if text is None:
        return None
    if dialect.quote.encode() not in text:
        plain = _parse_plain(text, first_line, dialect, names, integers)
        if plain is not None and not escaped:
            return plain
    return _parse_any(text, first_line, dialect, names, integers, escaped, most)


def _parse_plain(text: bytes, first_line: int, dialect: Delimited, names: list[str], integers: bool) -> Proven | None:
    """Parse a block without quotes in which every line is a record; None where one is not."""
    import numpy as np

    cut = text.rfind(b"\n") + 1
    if not cut or text.startswith((b"\n", b"\r\n", _BOM)) or b"\0" in text:
        return None
    if b"\r" in text and (b"\n\r\n" in text or text.count(b"\r") != text.count(b"\r\n")):
        return None
    array = np.frombuffer(text, dtype=np.uint8, count=cut)
    is_end = array == 10
    records = int(np.count_nonzero(is_end))
    blank = bool((is_end[1:] & is_end[:-1]).any())
    if blank or np.count_nonzero(array == ord(dialect.delimiter)) != (len(names) - 1) * records:
        return None
    frame = read_fields(text[:cut], dialect, names, integers)
    if frame is None or frame.height != records:
        return None
    numbered = frame.with_row_index("_line", offset=first_line).cast({"_line": pl.Int64})
    return Proven(numbered, cut, records)


def _parse_any(
    text: bytes,
    first_line: int,
    dialect: Delimited,
    names: list[str],
    integers: bool,
    escaped: bool,
    most: int | None,
) -> Proven | None:
    """Parse a block after finding every record's borders; sort out irregular records."""
    import numpy as np

    array = np.frombuffer(text, dtype=np.uint8)
    borders = _borders(array, dialect)
    if borders is None:
        return None
    starts, ends, newlines, counts = borders
    if int((ends - starts).max()) >= MAX_RECORD // 2:
        return None  # judged record by record; escapes are hidden here and may double the length
    cut = int(ends[-1]) + 1
    irregular = _irregular(array[:cut], starts, ends, counts, len(names))
    irregular |= _no_text(text[:cut], starts, ends)
    if most is not None and int(irregular.sum()) > most:
        return None
    lines = np.searchsorted(newlines, starts) + first_line
    body = text[:cut]
    if irregular.any():
        body = array[:cut][np.repeat(~irregular, ends - starts + 1)].tobytes()
    frame = read_fields(body, dialect, names, integers and dialect.quote.encode() not in body)
    if frame is None or frame.height != int((~irregular).sum()):
        return None
    if escaped:
        frame = _show_escapes(frame, dialect)
    frame.insert_column(0, pl.Series("_line", lines[~irregular], dtype=pl.Int64))
    aside = [
        (int(lines[i]), _unhide(text[starts[i] : ends[i] + 1], dialect) if escaped else text[starts[i] : ends[i] + 1])
        for i in np.flatnonzero(irregular)
    ]
    hidden = text.count(_ESCAPED_QUOTE, 0, cut) + text.count(_ESCAPED_ESCAPE, 0, cut) if escaped else 0
    return Proven(frame, cut + hidden, int(np.searchsorted(newlines, cut)), aside, (counts[irregular] + 1).tolist())


def _borders(array: Any, dialect: Delimited) -> tuple[Any, Any, Any, Any] | None:
    """Return record starts, record ends and newlines as positions, and each record's delimiters outside quotes."""
    import numpy as np

    quotes = np.flatnonzero(array == ord(dialect.quote))
    newlines = np.flatnonzero(array == 10)
    delimiters = np.flatnonzero(array == ord(dialect.delimiter))
    # An odd number of quotes before it: the newline belongs to a value.
    ends = newlines[np.searchsorted(quotes, newlines) & 1 == 0]
    if not len(ends):
        return None
    counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    quotes = quotes[: np.searchsorted(quotes, ends[-1])]
    if len(quotes):
        if not _at_borders(array, quotes, dialect):
            return None
        opening, closing = quotes[0::2], quotes[1::2]
        inside = np.searchsorted(delimiters, closing) - np.searchsorted(delimiters, opening)
        holding = np.flatnonzero(inside)
        np.subtract.at(counts, np.searchsorted(ends, opening[holding]), inside[holding])
    return np.concatenate(([0], ends[:-1] + 1)), ends, newlines, counts


def _irregular(array: Any, starts: Any, ends: Any, counts: Any, width: int) -> Any:
    """Return a mask of the records polars would not read as the exact parser does."""
    import numpy as np

    returns = np.flatnonzero(array == 13)
    # A quoted newline leaves the record's own bytes; a CR that ends no line needs a closer look.
    odd = np.concatenate((np.flatnonzero(array == 0), returns[array[returns + 1] != 10]))
    mask = (counts != width - 1) | (starts == ends) | ((ends - starts == 1) & (array[starts] == 13))
    mask[np.searchsorted(ends, odd)] = True
    mask |= array[starts] == _BOM[0]  # polars drops a BOM in front of what it is given
    return mask


def _no_text(text: bytes, starts: Any, ends: Any) -> Any:
    """Return a mask of the records that are not UTF-8, which polars refuses along with all others."""
    import numpy as np

    mask = np.zeros(len(starts), dtype=bool)
    if text.isascii() or _is_utf8(text):
        return mask
    high = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) > 127)
    for at in np.unique(np.searchsorted(ends, high)):
        mask[at] = not _is_utf8(text[starts[at] : ends[at]])
    return mask


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


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


def _hide_escapes(data: bytes, dialect: Delimited) -> bytes | None:
    """Replace escaped quotes and escapes by stand-ins; None where other bytes are escaped."""
    escape, quote = (dialect.escape or "").encode(), dialect.quote.encode()
    if _ESCAPED_QUOTE in data or _ESCAPED_ESCAPE in data:
        return None
    hidden = data.replace(escape * 2, _ESCAPED_ESCAPE).replace(escape + quote, _ESCAPED_QUOTE)
    return None if escape in hidden[: hidden.rfind(b"\n") + 1] else hidden


def _unhide(record: bytes, dialect: Delimited) -> bytes:
    escape, quote = (dialect.escape or "").encode(), dialect.quote.encode()
    return record.replace(_ESCAPED_QUOTE, escape + quote).replace(_ESCAPED_ESCAPE, escape * 2)


def _show_escapes(frame: pl.DataFrame, dialect: Delimited) -> pl.DataFrame:
    for hidden, shown in ((_ESCAPED_QUOTE, dialect.quote), (_ESCAPED_ESCAPE, dialect.escape or "")):
        # Most columns hold none; to look is cheap, to write a column anew is not.
        holds = frame.select(pl.col(pl.String).str.contains(hidden.decode(), literal=True).any())
        columns = [name for name in holds.columns if holds[name].item()]
        frame = frame.with_columns(pl.col(columns).str.replace_all(hidden.decode(), shown, literal=True))
    return frame


def read_fields(body: bytes, dialect: Delimited, names: list[str], integers: bool = False) -> pl.DataFrame | None:
    """Let polars parse records with proven borders; integers at once where possible, else everything as text."""
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    for dtype in (pl.Int64, pl.String) if integers else (pl.String,):
        try:
            frame = pl.read_csv(
                body,
                has_header=False,
                separator=dialect.delimiter,
                quote_char=dialect.quote if dialect.quote.encode() in body else None,
                schema=dict.fromkeys(names, dtype),
            )
        except pl.exceptions.PolarsError:
            continue
        # An integer column cannot tell an empty cell from one of spaces; text can.
        if dtype == pl.String or not any(column.null_count() for column in frame):
            return frame
    return None
