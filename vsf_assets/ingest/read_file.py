"""Reads one file into scratch space: digest, counts, valid rows and findings.

Here: the one pass over a file, before the warehouse is opened. Not here: holding the rows until then (row_spool.py),
the transaction that stores them (warehouse/ledger.py) and the move to the archive (archive/archive_file.py).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.ingest.row_spool import Parts
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.common.limits import DEFAULT_LIMITS, ReadLimits
from vsf_assets.storage.s3_client import StoredObjectReplacedError
from vsf_assets.warehouse.input_and_result import InputFile, ReadResult

if TYPE_CHECKING:
    pass


class ChangedError(Exception):
    """The file changed or vanished while it was read; a later run loads it."""


def read_one_file(
    input_file: InputFile,
    folder: Path,
    first_day: str = "2015-01-01",
    encoding: str = "utf-8",
    limits: ReadLimits = DEFAULT_LIMITS,
) -> ReadResult:
    """Read a file once: hash it, verify its compression, parse and validate its records.

    Args:
        input_file: the file.
        folder: scratch folder for its parts; created if needed.
        first_day: the first day expected of files that have a date.
        encoding: encoding of a fetched file.
        limits: limits of findings and decompressed bytes.

    Raises:
        ChangedError: the file changed or vanished meanwhile.
    """
    result = ReadResult(input_file)
    changed = ChangedError(f"{input_file.entry.path} changed while it was read; it is taken up when it is stable")
    with Parts(folder) as parts:
        try:
            _read(result, parts, first_day, encoding, limits)
        except FileNotFoundError:
            raise ChangedError(f"{input_file.entry.path} vanished before it was read") from None
        except StoredObjectReplacedError:
            raise changed from None
        # An object is opened by its state; a file needs a stat afterwards.
        if not input_file.entry.etag and not input_file.entry.same_state(input_file.store.stat(input_file.entry.path)):
            parts.discard()
            raise changed
        result.parts, result.held = parts.finish()
    return result


def _read(result: ReadResult, parts: Parts, first_day: str, encoding: str, limits: ReadLimits) -> None:
    input_file = result.input_file
    stream = FileStream(
        input_file.store.open(input_file.entry.path, input_file.entry.etag), input_file.name, limits.unpacked
    )
    try:
        try:
            _check_partition(input_file, first_day)
            _read_records(stream, result, parts, encoding, limits)
        except UnreadableError as error:
            _set_aside(result, parts, error)
        if input_file.is_changed:
            _report_change(parts)
        result.sha256, result.size = stream.finish()
    finally:
        stream.close()


def _read_records(stream: FileStream, result: ReadResult, parts: Parts, encoding: str, limits: ReadLimits) -> None:
    from vsf_assets.readers.common.findings import file_finding
    from vsf_assets.readers.dispatch import findings_limit, portions

    limit = findings_limit(result.input_file.feed, result.input_file.name, limits.findings)
    for portion in portions(stream, result.input_file.feed, encoding, result.input_file.name, limit):
        for table, frame in (portion.valid | portion.notes).items():
            parts.add(table, frame)
        parts.add_findings(portion.findings)
        result.lines_read += portion.records
        result.rows_loaded += portion.loaded
        result.rows_quarantined += portion.quarantined
        result.rows_blank += portion.blank
        result.rows_skipped += portion.skipped
    if result.lines_read == result.rows_blank:
        parts.add_findings(
            file_finding(
                "empty_file", "the file holds no data rows; if it should have some, deliver it again", "warning"
            )
        )
    parts.add_findings(limit.summary())


def _set_aside(result: ReadResult, parts: Parts, error: UnreadableError) -> None:
    """Make the result an unreadable one: no rows, no counts, one finding."""
    from vsf_assets.readers.common.findings import file_finding

    parts.discard()
    result.readable = False
    result.lines_read = result.rows_loaded = result.rows_quarantined = 0
    result.rows_blank = result.rows_skipped = 0
    parts.add_findings(file_finding(error.anomaly, error.reason, "error", error.line, error.raw_text))


def _report_change(parts: Parts) -> None:
    from vsf_assets.readers.common.findings import file_finding

    reason = (
        "the file was still written to after it was loaded; its rows were replaced by those of the whole file. Deliver"
        " a file under a name that ends in .tmp or .part and rename it when it is complete"
    )
    parts.add_findings(file_finding("changed_after_load", reason, "warning"))


def _check_partition(input_file: InputFile, first_day: str) -> None:
    """Refuse a file whose name holds no partition, or an impossible one.

    Raises:
        UnreadableError: missing_partition or partition_out_of_range.
    """
    problem = input_file.feed.problem_of(input_file.name, input_file.partition, input_file.landed_at, first_day)
    if problem is not None:
        raise UnreadableError(problem.anomaly, problem.reason)
