"""The files that a receipt offers: its anomaly report, and its bad rows as they were delivered.

Here: making one in the folder of exports, and its name. Not here: sending it (shared/sent_files.py), and who may have
it (receipt_views.py).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from vsf_assets.portal.receipts.findings_of_file import bad_lines_with_reasons, write_report
from vsf_assets.portal.receipts.ledger_entry import LOADED, UNREADABLE, LedgerEntry
from vsf_assets.portal.receipts.mends import Repair
from vsf_assets.portal.receipts.next_mend import next_mend_name
from vsf_assets.portal.receipts.originals import original_of
from vsf_assets.portal.receipts.subject import Subject
from vsf_assets.reports.bad_rows import NoBadRowsFileError, find_bad_rows, media_type, write_bad_rows
from vsf_assets.snapshots.pool import OpenSnapshot

REPORT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "html": "text/html; charset=utf-8"}
"""Format of an anomaly report -> media type."""


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
    """
    kind = media_type(entry.declaration)
    if entry.status == UNREADABLE:
        raise NoBadRowsFileError("no row of the file could be read: mend the whole file, and send it again")
    if entry.status != LOADED or not entry.rows_quarantined:
        raise NoBadRowsFileError("no row of the file was held back")
    original = original_of(settings.VSF, entry)
    reasons = bad_lines_with_reasons(snapshot, entry)
    if len(reasons) != entry.rows_quarantined:  # the ledger lists only the first of each kind
        reasons = find_bad_rows(original)
    if repair is not None and not every_row and repair.mended and len(repair.open_lines) == repair.open:
        still_open = set(repair.open_lines)
        reasons = [(line, reason) for line, reason in reasons if line in still_open]

    def write(path: Path) -> None:
        with path.open("wb") as file:
            write_bad_rows(original, reasons, file)

    if entry.declaration.members:  # rows of a dataset go into the whole file, so no name suggests sending them alone
        name = f"{Path(entry.file_name).stem}_bad_rows.csv"
    else:
        name = next_mend_name(settings.VSF, snapshot, entry)
    return MadeFile(_made(snapshot, "rows", write), name, kind)


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
