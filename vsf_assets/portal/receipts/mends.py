"""Which bad rows of a file later deliveries have mended, and which are still open.

Here: matching rows by the keys in their reasons, along chains of mends, and by numbers where a mend has no keys
(decision 0039). Not here: writing the keys (reports/bad_rows.py), and the page.

A row of a file is mended when a delivery that mends the file, or mends a mend of it, brought a row with its key that
was loaded. A row that is bad again stays open until a further mend brings it. Rows count once, however often they come.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from vsf_assets.portal.receipts.ledger_entry import LedgerEntry
from vsf_assets.readers.common.reason_column import RowKey, digest_of_key
from vsf_assets.reports.bad_rows import NoBadRowsFileError, Original, keys_of_rows

MOST_BYTES = 64 * 10**6
"""Unpacked size of a mend up to which its keys are read; a file of bad rows is seldom so large."""

_KEPT = 256

_MOST_BEGUN = 32
"""Files whose keys are being read, or wait for their turn."""

READING_SECONDS = 2.0
"""How long a receipt waits for the keys of all its mends; a part of what its queries may take."""

Keys = Sequence[tuple[int, RowKey | None]] | None
"""(line, key) of each row of a mend; None without keys."""


@dataclass(frozen=True)
class Mend:
    """A file that brings mended rows, as the snapshot has it.

    Attributes:
        entry: its row of the ledger.
        bad_lines: lines of its quarantined rows, as far as they are listed.
        keys: of its rows.
        mends: file id of the file that it was sent for.
    """

    entry: LedgerEntry
    bad_lines: frozenset[int]
    keys: Keys
    mends: int


@dataclass
class Repair:
    """What mends have done for a file.

    Attributes:
        bad: number of its bad rows.
        mended: number of those that were mended.
        open_lines: lines of those that are still open, as far as they are known.
        by: the mends that were loaded, each with the number of rows that it mended.
        twice: number of rows that more than one mend brought.
        unmatched: number of rows of mends without keys, which were counted.
    """

    bad: int
    mended: int = 0
    open_lines: tuple[int, ...] = ()
    by: list[tuple[LedgerEntry, int]] = field(default_factory=list)
    twice: int = 0
    unmatched: int = 0

    @property
    def open(self) -> int:
        """Number of rows that are still open."""
        return self.bad - self.mended


def repair_of(entry: LedgerEntry, bad_lines: Sequence[int], mends: Iterable[Mend]) -> Repair:
    """Return what mends have done for a file.

    Args:
        entry: the file.
        bad_lines: lines of its bad rows, ascending, as far as they are listed.
        mends: the mends of the file and the mends of these, the earliest first.
    """
    repair = Repair(entry.rows_quarantined)
    all_mends = list(mends)
    own = digest_of_key(entry.sha256)
    known = frozenset(bad_lines)
    is_listed = len(known) == entry.rows_quarantined
    came_from = _sources(entry, bad_lines, all_mends)
    times: dict[int, int] = {}
    counted: dict[int, int] = {}
    for mend in all_mends:
        lines = {
            line
            for key in _good_keys(mend, entry, bad_lines)
            if (line := _line_of(key, own, came_from)) is not None and (line in known or not is_listed)
        }
        new = sum(line not in times for line in lines)
        for line in lines:
            times[line] = times.get(line, 0) + 1
        counted[mend.entry.file_id] = new
    for mend in all_mends:
        if _keys(mend, entry, bad_lines) is None and mend.mends == entry.file_id:
            fixed = min(mend.entry.rows_loaded, max(0, repair.bad - mend.entry.rows_quarantined))
            fixed = min(fixed, repair.bad - len(times) - repair.unmatched)
            repair.unmatched += fixed
            counted[mend.entry.file_id] = fixed
    repair.by = [(mend.entry, counted[mend.entry.file_id]) for mend in all_mends]
    repair.mended = min(repair.bad, len(times) + repair.unmatched)
    repair.twice = sum(count > 1 for count in times.values())
    repair.open_lines = () if repair.unmatched else tuple(line for line in bad_lines if line not in times)
    return repair


def _keys(mend: Mend, entry: LedgerEntry, bad_lines: Sequence[int]) -> Keys:
    """Return the keys of a mend's rows.

    Without keys, a mend of the file with as many rows as the file has bad ones has them in their order.
    """
    if mend.keys is not None or mend.mends != entry.file_id:
        return mend.keys
    if len(bad_lines) != entry.rows_quarantined or mend.entry.records != len(bad_lines):
        return None
    if mend.bad_lines:  # which of its lines is which row is not known without reading it
        return None
    return [(number, RowKey(digest_of_key(entry.sha256), line)) for number, line in enumerate(bad_lines, 1)]


def _good_keys(mend: Mend, entry: LedgerEntry, bad_lines: Sequence[int]) -> set[RowKey]:
    keys = _keys(mend, entry, bad_lines)
    return {key for line, key in keys or () if key is not None and line not in mend.bad_lines}


def _sources(entry: LedgerEntry, bad_lines: Sequence[int], mends: Sequence[Mend]) -> dict[RowKey, RowKey]:
    """Return key of a row of a mend -> key of the row that it was sent for."""
    return {
        RowKey(digest_of_key(mend.entry.sha256), line): key
        for mend in mends
        for line, key in _keys(mend, entry, bad_lines) or ()
        if key is not None
    }


def _line_of(key: RowKey, digest: str, came_from: dict[RowKey, RowKey]) -> int | None:
    """Follow a key to the file whose digest is given; None if it does not lead there."""
    seen = set()
    while key.sha256_start != digest:
        if key in seen or key not in came_from:
            return None
        seen.add(key)
        key = came_from[key]
    return key.line


class NotYetReadError(Exception):
    """The keys of a mend are still being read."""


_lock, _turn = threading.Lock(), threading.Lock()
_kept: dict[str, Keys] = {}
_begun: dict[str, Future[Keys]] = {}


def kept_keys(entry: LedgerEntry, original: Callable[[], Original], until: float) -> Keys:
    """Return the keys of a file's rows; they are read once per process, since an original never changes.

    A thread reads them, one file of the process at a time, and goes on when the request does not wait any longer.

    Args:
        entry: the file.
        original: returns its original.
        until: moment (monotonic) up to which they are waited for.

    Raises:
        NotYetReadError: they are not read until then; ask again later.
        OSError: the archive cannot be read.
    """
    name = f"{entry.feed} {entry.sha256} {entry.file_name}"
    with _lock:
        if name in _kept:
            return _kept[name]
        begun = _begun.get(name)
        if begun is None and len(_begun) >= _MOST_BEGUN:
            raise NotYetReadError
        if begun is None:
            begun = _begun[name] = Future()
            threading.Thread(target=_read, args=(name, original, begun), name="keys of mends", daemon=True).start()
    wait([begun], max(0.0, until - time.monotonic()))
    if not begun.done():
        raise NotYetReadError
    return begun.result()


def _read(name: str, original: Callable[[], Original], begun: Future[Keys]) -> None:
    with _turn:
        try:
            found = keys_of_rows(original(), MOST_BYTES)
        except NoBadRowsFileError:
            found = None
        except BaseException as error:  # noqa: BLE001 - who waits raises it
            with _lock:
                del _begun[name]
            begun.set_exception(error)
            return
    with _lock:
        while len(_kept) >= _KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[name] = found
        del _begun[name]
    begun.set_result(found)
