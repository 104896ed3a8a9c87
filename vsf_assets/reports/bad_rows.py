"""The file of a delivery's bad rows, made from its original, and the keys of mended rows in a later delivery.

Here: the choice of the copy by the format of the feed, and names of files of mended rows. Not here: the copies
(readers/delimited/bad_records.py, readers/json/bad_records.py), and which rows later deliveries have mended
(portal/receipts/mends.py).
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import BinaryIO

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.feeds.reading import Delimited, JsonRecords
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.common.reason_column import RowKey, reason_cell

CSV, JSON = "text/csv", "application/json"
"""Media types of files of bad rows; the first names no encoding, since rows keep the bytes that were delivered."""

_ENDINGS = re.compile(r"(?:\.(?:csv|txt|json|jsonl|data|gz))*$", re.IGNORECASE)
_MEND = re.compile(r"_mend(\d+)$")


MOST_BAD_ROWS = 500_000
"""Bad rows that `find_bad_rows` returns at most; each takes some 200 bytes of memory."""


class NoBadRowsFileError(VsfError):
    """There is no file of bad rows; the message says why and what to do."""


class TooManyBadRowsError(VsfError):
    """The bad rows of a file take more time or memory than may be spent."""


@dataclass(frozen=True)
class Original:
    """An original in the archive.

    Attributes:
        feed: its feed.
        file_name: its name in the ledger.
        sha256: of its bytes.
        encoding: of its text, if its source names one.
        open: opens it; raises FileNotFoundError if it was not kept.
        until: moment (monotonic) after which nothing more is read of it.
    """

    feed: Feed
    file_name: str
    sha256: str
    encoding: str
    open: Callable[[], BinaryIO]
    until: float = math.inf


def media_type(feed: Feed) -> str:
    """Return the media type of a feed's files of bad rows.

    Raises:
        NoBadRowsFileError: its files have no rows that could be sent by themselves.
    """
    if isinstance(feed.reading, Delimited):
        return CSV
    if isinstance(feed.reading, JsonRecords):
        return JSON
    raise NoBadRowsFileError(f"a file of {feed.name} is read as a whole: mend it, and send the whole file again")


def is_additive(feed: Feed) -> bool:
    """Whether mended rows can be sent by themselves: else a delivery replaces the one before it."""
    return not feed.members and isinstance(feed.reading, Delimited | JsonRecords)


def write_bad_rows(original: Original, reasons: Iterable[tuple[int, str]], target: BinaryIO) -> int:
    """Write the bad rows of a file as they were delivered, each with its reason, and return their number.

    Args:
        original: the file.
        reasons: (line of the row, why it is bad), ascending.
        target: receives the file.

    Raises:
        NoBadRowsFileError: the feed has no such files, or the original was not kept.
        TooManyBadRowsError: the original's time is over.
    """
    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import polars_types
    from vsf_assets.readers.delimited.bad_records import copy_bad_records
    from vsf_assets.readers.json.bad_records import copy_bad_elements

    media_type(original.feed)
    cells = ((line, reason_cell(line, reason, original.sha256)) for line, reason in reasons)
    reading = original.feed.reading
    with _opened(original) as stream:
        if isinstance(reading, Delimited):
            table = get_table(original.feed.tables_of(original.file_name)[0])
            return copy_bad_records(stream.stream, reading, list(polars_types(table)), cells, target)
        return copy_bad_elements(stream.stream, original.encoding, cells, target)


def find_bad_rows(original: Original) -> list[tuple[int, str]]:
    """Read a file again, and return (line, reason) of every bad row: the ledger lists only the first of each kind.

    Raises:
        NoBadRowsFileError: the original was not kept.
        TooManyBadRowsError: there are more than MOST_BAD_ROWS, or the original's time is over.
    """
    from vsf_assets.readers.common.limits import FindingsLimit
    from vsf_assets.readers.dispatch import portions

    found: dict[int, str] = {}
    with _opened(original) as opened:
        limit = FindingsLimit(maximum=10**12)
        for portion in portions(opened.stream, original.feed, original.encoding, original.file_name, limit):
            bad = portion.findings.filter(portion.findings["is_quarantined"])
            for line, reason in bad.select("line_number", "reason").iter_rows():
                found.setdefault(line, reason)
            if len(found) > MOST_BAD_ROWS:
                raise TooManyBadRowsError(_TOO_MANY)
    return sorted(found.items())


def keys_of_rows(original: Original, most_bytes: int) -> list[tuple[int, RowKey | None]] | None:
    """Return (line, key in its reason) of every row of a file of mended rows; None without reasons.

    Args:
        original: the file.
        most_bytes: largest unpacked size that is read; a larger one has None too.

    Raises:
        NoBadRowsFileError: the original was not kept.
    """
    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import polars_types
    from vsf_assets.readers.delimited.bad_records import row_keys
    from vsf_assets.readers.json.bad_records import element_keys

    reading = original.feed.reading
    rows: Iterator[tuple[int, RowKey | None]]
    with _opened(original, most_bytes) as opened:
        if isinstance(reading, Delimited):
            table = get_table(original.feed.tables_of(original.file_name)[0])
            rows = row_keys(opened.stream, reading, list(polars_types(table)))
        elif isinstance(reading, JsonRecords):
            rows = element_keys(opened.stream, original.encoding)
        else:
            return None
        try:
            found = list(rows)
        except UnreadableError:  # larger than `most_bytes`; what the ledger holds was readable
            return None
    return found if any(key is not None for _, key in found) else None


_TOO_MANY = "the file has too many bad rows to be written out: mend the whole file, and send it again"


class _TimedStream(FileStream):
    """A stream that ends with an error at a moment."""

    def __init__(self, raw: BinaryIO, original: Original, maximum: int) -> None:
        super().__init__(raw, original.file_name, maximum)
        self._until = original.until

    def read(self, size: int) -> bytes:
        if time.monotonic() >= self._until:
            raise TooManyBadRowsError(_TOO_MANY)
        return super().read(size)


@dataclass
class _Opened:
    """An original whose bytes are read; a context that closes it."""

    stream: FileStream

    def __enter__(self) -> "_Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _opened(original: Original, most_bytes: int = 10**15) -> _Opened:
    try:
        raw = original.open()
    except FileNotFoundError:
        raise NoBadRowsFileError(
            "the original was not kept (VSF_AFTER_LOAD=delete); mend the lines in the file that you sent, and send them"
        ) from None
    return _Opened(_TimedStream(raw, original, most_bytes))


def name_of_mend(feed: Feed, file_name: str, landed_on: date, number: int) -> str:
    """Return the name for a file of mended rows: recognized like the first file's, and of the same partition.

    `clicks_1.csv` gives `clicks_1_mend1.csv`; the number of an earlier mend is replaced. A list that takes effect on
    the date of its name gets that of the day on which it landed if it has none.

    Args:
        feed: the feed.
        file_name: name of the file with bad rows.
        landed_on: the day on which it landed, UTC.
        number: of the mend, from 1.
    """
    stem, ending = _parts(file_name)
    if feed.takes_effect_by_name and not DAYS.accepts(stem[:10]):
        stem = f"{landed_on.isoformat()}_{stem}"
    return f"{stem}_mend{number}{ending}"


def number_of_mend(file_name: str) -> int:
    """Return the number in the name of a file of mended rows; 0 if it has none."""
    found = _MEND.search(_without_endings(file_name))
    return int(found.group(1)) if found else 0


def names_of_mends(feed: Feed, file_name: str, landed_on: date) -> str:
    """Return a regular expression for the names that `name_of_mend` gives."""
    name = name_of_mend(feed, file_name, landed_on, 0)
    before, _, ending = name.rpartition("_mend0")
    return rf"{re.escape(before)}_mend[0-9]+{re.escape(ending)}(?:\.gz)?"


def _parts(file_name: str) -> tuple[str, str]:
    """Return the stem without the number of a mend, and the ending without `.gz`: a file of bad rows is not packed."""
    stem = _without_endings(file_name)
    ending = PurePosixPath(file_name).name[len(stem) :]
    plain = ending[: -len(".gz")] if ending.lower().endswith(".gz") else ending
    return _MEND.sub("", stem), plain


def _without_endings(file_name: str) -> str:
    return _ENDINGS.sub("", file_name)
