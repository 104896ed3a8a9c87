"""The ingest engine: from what lies in the landing zone to the ledger and the archive.

Here: choosing the files, reading them in batches, storing and filing them. Not here: how one
file is read (delivery.py) or stored (warehouse/ledger.py), and anything of Dagster.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.errors import VsfError
from vsf_assets.feeds import all_feeds, recognize
from vsf_assets.feeds.feed import Feed
from vsf_assets.ingest.archive import file_away, originals
from vsf_assets.ingest.delivery import ChangedError, Delivery, Work, read_delivery
from vsf_assets.ingest.pending import Landed, sort_out
from vsf_assets.ingest.settle import Look, wait_until_settled
from vsf_assets.ingest.store import Entry, Store, open_store
from vsf_assets.ingest.versions import contract_versions
from vsf_assets.settings import Settings
from vsf_assets.warehouse.connection import Warehouse, ensure_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.warehouse.ledger import FileRow

BATCH_FILES = 100
BATCH_BYTES = 256 << 20
"""A batch is read first and then stored under one hold of the lock, a transaction per file."""


@dataclass(frozen=True)
class Selection:
    """Which files a run is asked for.

    Attributes:
        feeds: names of feeds.
        partitions: partition keys, or None for all; feeds with other partitions are left alone.
        reload: `changed` reads archived files again whose contract changed, `all` every selected
            one, `if_idle` every selected one when nothing is pending, `no` none.
    """

    feeds: Collection[str]
    partitions: Collection[str] | None = None
    reload: str = "changed"

    def takes(self, feed: str, partition: str | None) -> bool:
        """Whether a file of this feed and partition is asked for."""
        return feed in self.feeds and (self.partitions is None or partition in self.partitions)


@dataclass
class IngestReport:
    """What an ingest did.

    Attributes:
        stored: ledger rows written, in the order of the work.
        left: (path, why) of files that are taken up at a later run.
    """

    stored: list["FileRow"] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


def ingest(
    warehouse: Warehouse,
    selection: Selection,
    run_id: str,
    progress: Callable[[str], None] = lambda _: None,
    earlier_look: Look | None = None,
) -> IngestReport:
    """Take what the selection asks for into the warehouse; safe to run at once with others.

    Raises:
        LockTimeoutError: another writer held the warehouse too long.
        OSError: the landing zone, archive or disk failed.
    """
    settings = warehouse.settings
    landing, archive = open_store(settings.landing), open_store(settings.archive)
    report = IngestReport()
    stable, unsettled = wait_until_settled(
        landing,
        lambda entry: _wanted(entry, selection),
        settings.settle_seconds,
        settings.settle_timeout,
        earlier_look,
    )
    report.left += [(e.path, f"still changing after {settings.settle_timeout:g} s") for e in unsettled]
    versions = contract_versions(settings)
    with warehouse.write("ingest: reading the ledger") as connection:
        from vsf_assets.warehouse.ledger import read_files

        ledger = read_files(connection)
    queue = sort_out(stable, {row.key for row in ledger})
    work = [_work(landing, item) for item in queue.new]
    work += _file_known(queue.known, ledger, landing, archive, settings.after_load)
    work += _again(ledger, selection, versions, archive, report, idle=not work)
    work.sort(key=lambda w: (w.landed_at, w.name, w.entry.path))
    for batch in _batches(work):
        _do_batch(warehouse.write, settings, batch, versions, run_id, report, progress)
    return report


def _wanted(entry: Entry, selection: Selection) -> bool:
    recognized = recognize(entry.path)
    return recognized is not None and selection.takes(recognized[0].name, recognized[1])


def _work(landing: Store, item: Landed) -> Work:
    return Work(landing, item.entry, item.feed, item.partition, item.entry.name, item.entry.modified)


def _file_known(
    known: list[Landed], ledger: list["FileRow"], landing: Store, archive: Store, after_load: str
) -> list[Work]:
    """File away what the ledger knows already; return what only looked known."""
    rows = {row.key: row for row in ledger}
    unlike = []
    for item in known:
        row = rows[item.key]
        if after_load == "keep" and archive.stat(row.archive_path) is not None:
            continue
        if not file_away(landing, item.entry.path, archive, row.archive_path, row.sha256, after_load):
            unlike.append(_work(landing, item))
    return unlike


def _again(
    ledger: list["FileRow"],
    selection: Selection,
    versions: dict[str, str],
    archive: Store,
    report: IngestReport,
    idle: bool,
) -> list[Work]:
    """Return the archived files that the selection wants to be read again."""
    every = selection.reload == "all" or (selection.reload == "if_idle" and idle)
    work = []
    for row in ledger:
        if not selection.takes(row.feed, row.partition_key):
            continue
        # Under another contract a duplicate may be judged anew: its twin may be unreadable now.
        outdated = row.contract_version != versions[row.feed] and selection.reload != "no"
        if not outdated and not (every and row.status != "duplicate_file"):
            continue
        entry = archive.stat(row.archive_path)
        if entry is None:
            report.left.append((row.archive_path, "cannot be read again: the original is not in the archive"))
            continue
        work.append(Work(archive, entry, _feed(row), row.partition_key, row.file_name, row.landed_at, row.sha256))
    return work


def _feed(row: "FileRow") -> Feed:
    return all_feeds()[row.feed]


def _batches(work: list[Work]) -> Iterator[list[Work]]:
    """Cut the work into batches by count and bytes."""
    batch: list[Work] = []
    for item in work:
        if batch and (len(batch) >= BATCH_FILES or sum(w.entry.size for w in batch) + item.entry.size > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def ingest_archive(warehouse: Warehouse, run_id: str, progress: Callable[[str], None] = lambda _: None) -> None:
    """Fill an empty warehouse from the archive alone; the caller holds the lock.

    Raises:
        VsfError: the archive does not hold every original, or one of them is damaged.
    """
    settings = warehouse.settings
    archive = open_store(settings.archive)
    found = sorted(originals(archive), key=lambda o: (o.landed_at, o.name, o.sha256_start))
    work = [Work(archive, o.entry, o.feed, o.partition, o.name, o.landed_at, o.sha256_start) for o in found]
    versions, report = contract_versions(settings), IngestReport()

    @contextmanager
    def connect(_: str) -> Iterator["DuckDBPyConnection"]:
        with warehouse.connect() as connection:
            yield connection

    with warehouse.connect() as connection:
        ensure_tables(connection)
    for batch in _batches(work):
        _do_batch(connect, settings, batch, versions, run_id, report, progress)
        if report.left:
            raise VsfError("; ".join(f"{path}: {why}" for path, why in report.left))


def _do_batch(
    connect: Callable[[str], AbstractContextManager["DuckDBPyConnection"]],
    settings: Settings,
    batch: list[Work],
    versions: dict[str, str],
    run_id: str,
    report: IngestReport,
    progress: Callable[[str], None],
) -> None:
    """Read a batch, store it with a transaction per file, file it away."""
    from vsf_assets.warehouse.ledger import store_delivery

    stored: list[tuple[Delivery, FileRow]] = []
    with scratch_folder(settings.scratch) as scratch:
        deliveries = _read(batch, scratch, report, progress)
        if deliveries:
            with connect(f"ingest of {len(deliveries)} files") as connection:
                for delivery in deliveries:
                    if not _unchanged(connection, delivery, report):
                        continue
                    version = versions[delivery.work.feed.name]
                    row, is_new = store_delivery(connection, delivery, run_id, datetime.now(UTC), version)
                    stored.append((delivery, row))
                    if is_new:
                        report.stored.append(row)
                        progress(_line(row))
    archive = open_store(settings.archive)
    for delivery, row in stored:
        work = delivery.work
        if work.known_sha256 is not None:
            continue
        if not file_away(work.store, work.entry.path, archive, row.archive_path, row.sha256, settings.after_load):
            why = f"another file took its place before {row.archive_path} was archived"
            report.left.append((work.entry.path, why))


def _read(batch: list[Work], scratch: Path, report: IngestReport, progress: Callable[[str], None]) -> list[Delivery]:
    deliveries = []
    for number, work in enumerate(batch):
        progress(f"reading {work.name} ({work.entry.size:,} bytes)")
        try:
            delivery = read_delivery(work, scratch / str(number))
        except ChangedError as error:
            report.left.append((work.entry.path, str(error)))
            continue
        if work.known_sha256 and not delivery.sha256.startswith(work.known_sha256):
            report.left.append((work.entry.path, "the archived file is damaged: its SHA-256 is not the ledger's"))
            continue
        deliveries.append(delivery)
    return deliveries


def _unchanged(connection: "DuckDBPyConnection", delivery: Delivery, report: IngestReport) -> bool:
    """Look at the file again now that the lock is held."""
    from vsf_assets.warehouse.ledger import read_files

    work = delivery.work
    now = work.store.stat(work.entry.path)
    if work.entry.same_state(now):
        return True
    if now is None and work.known_sha256 is None and read_files(connection, "file_id = ?", (delivery.file_id,)):
        return True  # another run stored and filed it meanwhile
    what = "vanished" if now is None else "changed"
    report.left.append((work.entry.path, f"{what} before it was stored; it is taken up when it is stable"))
    return False


def _line(row: "FileRow") -> str:
    """Say in one line what became of a file."""
    place = row.feed if row.partition_key is None else f"{row.feed}/{row.partition_key}"
    counts = f"{row.rows_loaded:,} loaded, {row.rows_quarantined:,} quarantined"
    return f"{row.status} {place} {row.file_name}" + (f": {counts}" if row.status == "loaded" else "")


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Yield a folder that is removed afterwards; remove those of processes that are gone."""
    root.mkdir(parents=True, exist_ok=True)
    for old in root.glob("run-*-*"):
        if not _is_alive(int(old.name.split("-")[1])):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=root) as folder:
        yield Path(folder)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
