"""The ingest engine: from what lies in the landing zone to the ledger and the archive.

Here: choosing the files of a run, or of a rebuild. Not here: what happens to a batch of them
(batches.py), and anything of Dagster.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsf_assets.errors import VsfError
from vsf_assets.feeds import all_feeds, recognize
from vsf_assets.ingest.archive import originals, refuse_lost_warehouse
from vsf_assets.ingest.batches import IngestReport, batches, do_batch, file_original
from vsf_assets.ingest.delivery import Work
from vsf_assets.ingest.pending import Landed, sort_out
from vsf_assets.ingest.settle import Look, wait_until_settled
from vsf_assets.ingest.store import Entry, Store, open_store
from vsf_assets.ingest.versions import Versions, contract_versions
from vsf_assets.settings import Settings
from vsf_assets.warehouse.connection import Warehouse, ensure_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.warehouse.ledger import FileRow


@dataclass(frozen=True)
class Selection:
    """Which files a run is asked for.

    Attributes:
        feeds: names of feeds.
        partitions: partition keys, or None for all; feeds with other partitions are left alone.
        first, last: bounds of a range of partitions, both included; None leaves an end open.
        reload: `changed` reads archived files again whose contract changed, `all` every selected
            one, `if_idle` every selected one when nothing is pending, `no` none.
    """

    feeds: Collection[str]
    partitions: Collection[str] | None = None
    reload: str = "changed"
    first: str | None = None
    last: str | None = None

    def takes(self, feed: str, partition: str | None) -> bool:
        """Whether a file of this feed and partition is asked for."""
        if feed not in self.feeds or (self.partitions is not None and partition not in self.partitions):
            return False
        bounds = [bound for bound in (self.first, self.last) if bound is not None]
        if not bounds:
            return True
        accepts = all_feeds()[feed].partitioning.accepts
        if partition is None or not all(map(accepts, bounds)):
            return False
        return (self.first or partition) <= partition <= (self.last or partition)


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
    ledger = _read_ledger(warehouse)
    if not ledger and archive.entries():
        ledger = _read_ledger(warehouse)  # another first run may have filed its files this instant
        refuse_lost_warehouse(archive, ledger_is_empty=not ledger)
    queue = sort_out(stable, {row.key for row in ledger})
    work = [_work(landing, item) for item in queue.new]
    work += _file_known(queue.known, ledger, landing, archive, settings.after_load, report)
    work += _again(ledger, selection, versions, archive, report, idle=not work)
    work.sort(key=lambda w: (w.landed_at, w.name, w.entry.path))
    for batch in batches(work):
        do_batch(warehouse.write, settings, batch, versions, run_id, report, progress)
    return report


def _read_ledger(warehouse: Warehouse) -> list["FileRow"]:
    from vsf_assets.warehouse.ledger import read_files

    with warehouse.write("ingest: reading the ledger") as connection:
        return read_files(connection)


def _wanted(entry: Entry, selection: Selection) -> bool:
    recognized = recognize(entry.path)
    return recognized is not None and selection.takes(recognized[0].name, recognized[1])


def _work(landing: Store, item: Landed) -> Work:
    return Work(landing, item.entry, item.feed, item.partition, item.entry.name, item.entry.modified)


def _file_known(
    known: list[Landed], ledger: list["FileRow"], landing: Store, archive: Store, after_load: str, report: IngestReport
) -> list[Work]:
    """File away what the ledger knows already; return what only looked known."""
    rows = {row.key: row for row in ledger}
    unlike = []
    for item in known:
        row = rows[item.key]
        if after_load == "keep" and archive.stat(row.archive_path) is not None:
            continue
        if not file_original(landing, item.entry.path, archive, row, after_load, report):
            unlike.append(_work(landing, item))
    return unlike


def file_known(settings: Settings, ledger: list["FileRow"]) -> None:
    """File away what the ledger knows and still lies in the landing zone."""
    landing, archive = open_store(settings.landing), open_store(settings.archive)
    known = sort_out(landing.entries(), {row.key for row in ledger}).known
    _file_known(known, ledger, landing, archive, settings.after_load, IngestReport())


def _again(
    ledger: list["FileRow"],
    selection: Selection,
    versions: Versions,
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
        outdated = row.contract_version != versions.of(row.feed, row.partition_key) and selection.reload != "no"
        if not outdated and not (every and row.status != "duplicate_file"):
            continue
        entry = archive.stat(row.archive_path)
        if entry is None:
            report.left.append((row.archive_path, "cannot be read again: the original is not in the archive"))
            continue
        work.append(
            Work(archive, entry, all_feeds()[row.feed], row.partition_key, row.file_name, row.landed_at, row.sha256)
        )
    return work


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
    for batch in batches(work):
        do_batch(connect, settings, batch, versions, run_id, report, progress)
        if report.left or report.failed:
            raise VsfError("; ".join(f"{path}: {why}" for path, why in (*report.left, *report.failed)))
