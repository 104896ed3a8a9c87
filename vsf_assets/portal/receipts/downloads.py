"""The files that a receipt offers: its anomaly report, and its bad rows as they were delivered.

Here: making one in the folder of exports, and its name. Not here: sending it (shared/sent_files.py), and who may have
it (receipt_views.py).
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings

from vsf_assets.portal.receipts.findings_of_file import bad_lines_with_reasons, write_report
from vsf_assets.portal.receipts.ledger_entry import LOADED, UNREADABLE, LedgerEntry
from vsf_assets.portal.receipts.mends import Repair
from vsf_assets.portal.receipts.next_mend import next_mend_name
from vsf_assets.portal.receipts.originals import original_of
from vsf_assets.portal.receipts.subject import Subject
from vsf_assets.reports.bad_rows import (
    NoBadRowsFileError,
    TooManyBadRowsError,
    find_bad_rows,
    media_type,
    write_bad_rows,
)
from vsf_assets.snapshots.pool import OpenSnapshot, QueryTooLargeError

REPORT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "html": "text/html; charset=utf-8"}
"""Format of an anomaly report -> media type."""

SECONDS = 120.0
"""Time limit of a file of bad rows, for which the original is read up to two times."""


@dataclass(frozen=True)
class MadeFile:
    """A file that was made for one answer, which removes it; its name for people, and its media type."""

    path: Path
    name: str
    media_type: str


def report_file(snapshot: OpenSnapshot, subject: Subject, entry: LedgerEntry, form: str) -> MadeFile:
    """Return the anomaly report of a file, or of its version of a dataset."""
    name = "anomalies_report" if entry.declaration.members else f"{subject.name}_anomalies"

    def write(path: Path) -> None:
        write_report(snapshot, entry, subject.access, form, path)

    return MadeFile(_made(snapshot, form, write), f"{name}.{form}", REPORT_TYPES[form])


def bad_rows_file(snapshot: OpenSnapshot, entry: LedgerEntry, repair: Repair | None, every_row: bool) -> MadeFile:
    """Return a file's bad rows as they were delivered, those that are still open or all.

    Raises:
        NoBadRowsFileError: there is none; the message says why.
        QueryTooLargeError: it takes more than SECONDS, or too much memory.
        TooManyQueriesError: others take all turns of exports.
    """
    kind = media_type(entry.declaration)
    if entry.status == UNREADABLE:
        raise NoBadRowsFileError("no row of the file could be read: mend the whole file, and send it again")
    if entry.status != LOADED or not entry.rows_quarantined:
        raise NoBadRowsFileError("no row of the file was held back")
    listed = bad_lines_with_reasons(snapshot, entry)
    if entry.declaration.members:  # rows of a dataset go into the whole file, so no name suggests sending them alone
        name = f"{Path(entry.file_name).stem}_bad_rows.csv"
    else:
        name = next_mend_name(settings.VSF, snapshot, entry)
    are_some_mended = repair is not None and not every_row and repair.mended
    only = repair.open_lines if repair and are_some_mended and len(repair.open_lines) == repair.open else None

    def write(path: Path) -> None:
        original = replace(original_of(settings.VSF, entry), until=time.monotonic() + SECONDS)
        # The ledger lists only the first of each kind.
        reasons = listed if len(listed) == entry.rows_quarantined else find_bad_rows(original)
        if only is not None:
            still_open = set(only)
            reasons = [(line, reason) for line, reason in reasons if line in still_open]
        with path.open("wb") as file:
            write_bad_rows(original, reasons, file)

    with snapshot.limits.turn(snapshot.budget, is_export=True):
        try:
            return MadeFile(_made(snapshot, "rows", write), name, kind)
        except TooManyBadRowsError as error:
            raise QueryTooLargeError(str(error)) from None


def _made(snapshot: OpenSnapshot, ending: str, write: Callable[[Path], None]) -> Path:
    folder = snapshot.limits.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}.{ending}"
    try:
        write(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
