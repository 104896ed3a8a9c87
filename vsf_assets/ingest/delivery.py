"""One file read into scratch: counts, digest, valid rows and findings.

Here: the pass over a file that computes everything before the warehouse is opened. Not here: how the rows are kept
until then (parts.py), the transaction that stores them (warehouse/ledger.py) and the move to the archive (archive.py).
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.feeds.feed import Feed
from vsf_assets.ingest.limits import DEFAULT_LIMITS, Limits, stored
from vsf_assets.ingest.parts import Parts
from vsf_assets.ingest.source import Source, UnreadableError
from vsf_assets.ingest.store import Entry, Store
from vsf_assets.objects import ReplacedError

if TYPE_CHECKING:
    import polars as pl

_DATE_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}")


class ChangedError(Exception):
    """The file changed or vanished while it was read; it is taken up at a later run."""


@dataclass(frozen=True)
class Work:
    """A file to read.

    Attributes:
        store: where it lies: the landing zone, or the archive for a file that is read again.
        entry: its state there.
        feed: its feed.
        partition: its partition, or None.
        name: its name as it landed.
        landed_at: modified time in the landing zone.
        known_sha256: the ledger's digest, for a file that is read again.
        replaces: id of the ledger's row in whose place it is stored, where its content is another now.
        is_changed: whether it was written to after it was first loaded.
    """

    store: Store
    entry: Entry
    feed: Feed
    partition: str | None
    name: str
    landed_at: datetime
    known_sha256: str | None = None
    replaces: int | None = None
    is_changed: bool = False


@dataclass
class Delivery:
    """What reading a file gave.

    Attributes:
        work: the file.
        sha256: digest of the bytes as landed.
        size: their number.
        readable: whether the file as a whole could be read.
        lines_read, rows_loaded, rows_quarantined, rows_blank, rows_skipped: record counts.
        parts: Parquet files by table; `raw.findings` among them.
        held: the rows by table, instead, where there are few.
    """

    work: Work
    sha256: str = ""
    size: int = 0
    readable: bool = True
    lines_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_blank: int = 0
    rows_skipped: int = 0
    parts: dict[str, list[Path]] = field(default_factory=dict)
    held: "dict[str, pl.DataFrame]" = field(default_factory=dict)

    @property
    def file_id(self) -> int:
        """Identify the delivery: 63 bits of the md5 of what it is."""
        work = self.work
        identity = (work.feed.name, work.partition or "", work.landed_at.isoformat(), work.name, self.sha256)
        digest = hashlib.md5("|".join(identity).encode(), usedforsecurity=False).digest()
        return int.from_bytes(digest[:8], "big") >> 1


def read_delivery(
    work: Work, folder: Path, first_day: str = "2015-01-01", encoding: str = "utf-8", limits: Limits = DEFAULT_LIMITS
) -> Delivery:
    """Read a file once: hash, integrity, records, contract.

    Args:
        work: the file.
        folder: scratch folder for its parts; made where needed.
        first_day: earliest day a daily file may be for.
        encoding: of a fetched file.
        limits: what the file may cost.

    Raises:
        ChangedError: the file changed or vanished meanwhile.
    """
    delivery = Delivery(work)
    changed = ChangedError(f"{work.entry.path} changed while it was read; it is taken up when it is stable")
    with Parts(folder) as parts:
        try:
            _read(delivery, parts, first_day, encoding, limits)
        except FileNotFoundError:
            raise ChangedError(f"{work.entry.path} vanished before it was read") from None
        except ReplacedError:
            raise changed from None
        # An object is opened by its state; only of a file it must be asked afterwards.
        if not work.entry.etag and not work.entry.same_state(work.store.stat(work.entry.path)):
            parts.discard()
            raise changed
        delivery.parts, delivery.held = parts.finish()
    return delivery


def _read(delivery: Delivery, parts: Parts, first_day: str, encoding: str, limits: Limits) -> None:
    work = delivery.work
    source = Source(work.store.open(work.entry.path, work.entry.etag), work.name, limits.unpacked)
    try:
        try:
            _judge_partition(work, first_day)
            _read_records(source, delivery, parts, encoding, limits)
        except UnreadableError as error:
            _set_aside(delivery, parts, error)
        if work.is_changed:
            _report_change(parts)
        delivery.sha256, delivery.size = source.finish()
    finally:
        source.close()


def _read_records(source: Source, delivery: Delivery, parts: Parts, encoding: str, limits: Limits) -> None:
    from vsf_assets.ingest.checking import file_finding
    from vsf_assets.ingest.reading import findings_limit, portions

    limit = findings_limit(delivery.work.feed, delivery.work.name, limits.findings)
    for portion in portions(source, delivery.work.feed, encoding, delivery.work.name, limit):
        for table, frame in (portion.valid | portion.notes | {"raw.findings": stored(portion.findings)}).items():
            parts.add(table, frame)
        delivery.lines_read += portion.records
        delivery.rows_loaded += portion.loaded
        delivery.rows_quarantined += portion.quarantined
        delivery.rows_blank += portion.blank
        delivery.rows_skipped += portion.skipped
    if delivery.lines_read == delivery.rows_blank:
        parts.add(
            "raw.findings",
            stored(
                file_finding(
                    "empty_file", "the file holds no data rows; if it should have some, deliver it again", "warning"
                )
            ),
        )
    parts.add("raw.findings", limit.summary())


def _set_aside(delivery: Delivery, parts: Parts, error: UnreadableError) -> None:
    """Turn the delivery into an unreadable one: no rows, no counts, one finding."""
    from vsf_assets.ingest.checking import file_finding

    parts.discard()
    delivery.readable = False
    delivery.lines_read = delivery.rows_loaded = delivery.rows_quarantined = 0
    delivery.rows_blank = delivery.rows_skipped = 0
    parts.add("raw.findings", stored(file_finding(error.anomaly, error.reason, "error", error.line, error.raw_text)))


def _report_change(parts: Parts) -> None:
    from vsf_assets.ingest.checking import file_finding

    reason = (
        "the file was still written to after it was loaded; its rows were replaced by those of the whole file. Deliver"
        " a file under a name that ends in .tmp or .part and rename it when it is complete"
    )
    parts.add("raw.findings", file_finding("changed_after_load", reason, "warning"))


def _judge_partition(work: Work, first_day: str) -> None:
    """Refuse a file whose name tells no partition, or one that cannot be.

    Raises:
        UnreadableError: missing_partition or partition_out_of_range.
    """
    feed, partitioning = work.feed, work.feed.partitioning
    if partitioning.kind == "none":
        return
    if work.partition is None:
        example = f"{feed.name}_{partitioning.keys[0]}.csv" if partitioning.keys else f"{partitioning.example}_name.txt"
        if partitioning.kind == "request":
            example = f"{partitioning.example}.request.yaml"
        reason = (
            f"neither the name nor a folder tells the {partitioning.kind} ({partitioning.choices});"
            f" name it like {example}"
        )
        if partitioning.kind == "day" and _DATE_LIKE.match(work.name):
            reason = f"the name begins with {work.name[:10]}, which is no day of the calendar; name it like {example}"
        raise UnreadableError("missing_partition", reason)
    if partitioning.kind == "day":
        landed = work.landed_at.date().isoformat()
        tomorrow = (work.landed_at + timedelta(days=1)).date().isoformat()
        if first_day <= work.partition <= tomorrow:
            return
        if landed < first_day <= work.partition:
            reason = (
                f"the file's own time is {landed}, which is before its day {work.partition} and before any file is"
                f" expected ({first_day}); was its time kept by unzip or cp -p? Copy it without keeping times, or"
                f" `vsf land` it"
            )
        else:
            reason = (
                f"{work.partition} is not between {first_day}, the first day expected, and {tomorrow}, the day after it"
                f" landed (UTC); correct the date in the name and deliver it again"
            )
        raise UnreadableError("partition_out_of_range", reason)
