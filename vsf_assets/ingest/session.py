"""An ingest run: from the entries of the landing zone to stored and archived deliveries.

Here: selecting the files of a run or of a rebuild. Not here: loading a batch (loader.py). No Dagster.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from vsf_assets.archive.archive_file import holds_originals, originals, refuse_lost_warehouse
from vsf_assets.archive.changed_originals import settle_archive
from vsf_assets.archive.crash_recovery import keep_leftovers
from vsf_assets.archive.kept_in_landing import files_to_archive
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.appended_files import continued
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.ingest.loader import Ingest
from vsf_assets.ingest.move_to_archive import file_originals
from vsf_assets.ingest.rereading import Rereading
from vsf_assets.ingest.safe_copies import finish
from vsf_assets.landing.pending import Landed, classify_landed
from vsf_assets.landing.selection import Selection
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.connection import Warehouse, ensure_tables
from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets.warehouse.input_and_result import InputFile
from vsf_assets.warehouse.writer import Writer

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow


@dataclass(frozen=True)
class Run:
    """A running ingest.

    Attributes:
        warehouse, selection, run_id: of the run.
        report: results so far.
        progress: receives progress lines.
    """

    warehouse: Warehouse
    selection: Selection
    run_id: str
    report: IngestReport
    progress: Callable[[str], None]

    def load(
        self,
        store: Store,
        entries: list[Entry],
        again: bool = False,
        may_be_idle: bool = True,
        fetched: bool = False,
        ledger: "list[FileRow] | None" = None,
    ) -> None:
        """Load files of the landing zone or the inbox, and archive them.

        Args:
            store: the store with the files.
            entries: the files.
            again: read archived files again too, as the selection says.
            may_be_idle: whether no files mean that nothing is pending.
            fetched: whether the store is the inbox.
            ledger: ledger rows of the feeds of these files, if no other process can have added any since.
        """
        settings, selection, report = self.warehouse.settings, self.selection, self.report
        archive, versions = open_store(settings.archive), contract_versions(settings)
        if ledger is None or not self.warehouse.exists:  # a person may remove it during a fetch
            ledger = _read_ledger(self.warehouse, is_created=fetched)
            if not ledger and holds_originals(archive):
                refuse_lost_warehouse(archive, open_store(settings.landing), lambda: not _read_ledger(self.warehouse))
                ledger = _read_ledger(self.warehouse)  # another first run may have stored its files this instant
        if not fetched:
            finish(archive, ledger, report)
        queue = classify_landed(entries, {row.key for row in ledger}, fetched)
        now = datetime.now(UTC)
        went_on = continued(queue.new, ledger, store, archive, settings, now, report) if again else []
        lost = keep_leftovers(queue.new, ledger, store, archive)
        report.failed += lost.values()
        input_files = [_input_file(store, item) for item in queue.new if (item.feed.name, item.partition) not in lost]
        input_files += _file_known(queue.known, ledger, store, settings, report)
        if again:
            again_too = Rereading(settings, selection, versions, archive, report, self.progress)
            archived = again_too.input_files(ledger, idle=may_be_idle and not input_files, continued=went_on)
            if archived:
                self.progress(f"reading {len(archived):,} archived files again, in landing order")
            input_files += archived
        input_files.sort(key=lambda w: (w.landed_at, w.name, w.entry.path))
        open_writer = partial(self.warehouse.storing, self.run_id)
        form = self.warehouse.form
        notes = form.run_notes(self.run_id, self.warehouse.on_wait)
        Ingest(open_writer, form.has_one_user, settings, notes, versions, self.run_id, report, self.progress).load(
            input_files
        )


def _read_ledger(warehouse: Warehouse, is_created: bool = False) -> list["FileRow"]:
    """Return the ledger; create its tables, and those of changed contracts again, unless this run did so before."""
    from vsf_assets.warehouse.ledger import read_files

    if is_created:
        with warehouse.read("ingest: reading the ledger") as known:
            return read_files(known) if known else []
    with warehouse.open_to_store("ingest: reading the ledger") as connection:
        return read_files(connection)


def _input_file(landing: Store, item: Landed) -> InputFile:
    return InputFile(landing, item.entry, item.feed, item.partition, item.entry.name, item.landed_at)


def _file_known(
    known: list[Landed], ledger: list["FileRow"], landing: Store, settings: Settings, report: IngestReport
) -> list[InputFile]:
    """Archive files that the ledger knows; return files whose content differs from the ledger."""
    rows = {row.key: row for row in ledger}
    landed_here = [item for item in known if not item.feed.is_fetched]
    items = files_to_archive(landed_here, rows, open_store(settings.archive), settings)
    items += [item for item in known if item.feed.is_fetched]
    landed = [(landing, item.entry, rows[item.key]) for item in items]
    mismatched = {entry.path for entry, _ in file_originals(landed, settings, report, hashed=False)}
    return [_input_file(landing, item) for item in items if item.entry.path in mismatched]


def file_known(settings: Settings, ledger: list["FileRow"]) -> None:
    """Archive known files that still lie in the landing zone or the inbox."""
    finish(open_store(settings.archive), ledger, IngestReport())
    keys = {row.key for row in ledger}
    for store, fetched in ((open_store(settings.landing), False), (FolderStore(settings.fetched), True)):
        known = classify_landed(store.entries(), keys, fetched).known
        _file_known(known, ledger, store, settings, IngestReport())


def ingest_archive(warehouse: Warehouse, run_id: str, progress: Callable[[str], None] = lambda _: None) -> None:
    """Load an empty warehouse from the archive; the caller holds the lock.

    Raises:
        VsfError: the archive does not hold every original, or one of them is damaged.
    """
    settings = warehouse.settings
    archive = open_store(settings.archive)
    settle_archive(settings)
    found = sorted(originals(archive), key=lambda o: (o.landed_at, o.name, o.sha256_start))
    input_files = [
        InputFile(archive, o.entry, o.feed, o.partition, o.name, o.landed_at, o.sha256_start, is_changed=o.is_changed)
        for o in found
    ]
    versions, report = contract_versions(settings), IngestReport()
    unknown = sorted({str(o.partition) for o in found if not versions.can_read(o.feed.name, o.partition)})
    if unknown:
        raise VsfError(
            f"the archive holds objects of the profiles {', '.join(unknown)}, which are not in sources.toml"
            " (VSF_SOURCES); how they are encoded stands there"
        )

    @contextmanager
    def open_writer(_: str) -> Iterator[Writer]:
        with warehouse.connect() as connection:
            yield Writer(connection)

    with warehouse.connect() as connection:
        ensure_tables(connection)
    notes = warehouse.form.run_notes(run_id, warehouse.on_wait)
    is_locked = warehouse.form.has_one_user
    Ingest(open_writer, is_locked, settings, notes, versions, run_id, report, progress).load(input_files)
    if report.left or report.failed:
        raise VsfError("; ".join(f"{path}: {why}" for path, why in (*report.left, *report.failed)))
