"""Surveys what is pending: landing zone, inbox, ledger, builds, snapshot, requests.

Here: the survey of pending work for `vsf run`, `vsf status` and the sensors. Not here: doing the work
(ingest/session.py, pipeline/build.py). DuckDB is imported only if there is a warehouse.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vsf_assets.archive.archive_file import refuse_lost_warehouse
from vsf_assets.archive.changed_originals import to_recheck
from vsf_assets.archive.kept_in_landing import files_to_archive
from vsf_assets.archive.outdated_originals import outdated_files
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.rereading import without_rows
from vsf_assets.landing.home_marker import refuse_foreign
from vsf_assets.landing.pending import Queue, classify_landed
from vsf_assets.landing.selection import Selection
from vsf_assets.landing.stability import TimedListing, timed_listing
from vsf_assets.pipeline.synthetic_queue import read_known
from vsf_assets.snapshots.current import Snapshot, current_snapshot, snapshot_number
from vsf_assets.storage.base import probably_present
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import LeftOut
from vsf_assets.storage.local import FolderStore
from vsf_assets.transform.build_state import NO_BUILD, BuildState, read_build_state
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.contract_versions import Versions, contract_versions
from vsf_assets.warehouse.ledger import FileRow, has_ledger, read_files


@dataclass(frozen=True)
class Survey:
    """All pending work of a home.

    Attributes:
        landed: the listing of the landing zone.
        queue: the files of the landing zone, compared with the ledger.
        files: the ledger, in landing order.
        outdated: files that are read again: those whose contract version changed and whose originals are available;
            those whose original may have been written to; and duplicates of a file whose content changed.
        contract_changed: the files among `outdated` whose contract version changed.
        build: the newest build, compared with the ledger and the dbt project.
        snapshot: the current snapshot, or None.
        inbox: fetched files that are not loaded yet, compared with the ledger.
        history: the scans and fetches of the selected catalog source.
        requests: number of waiting requests for made-up files.
        left_out: entries that the listing of the landing zone left out.
    """

    landed: TimedListing
    queue: Queue
    files: list[FileRow] = field(default_factory=list)
    outdated: list[FileRow] = field(default_factory=list)
    build: BuildState = NO_BUILD
    snapshot: Snapshot | None = None
    inbox: Queue = field(default_factory=lambda: Queue([], [], []))
    history: SourceHistory = field(default_factory=SourceHistory)
    requests: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    contract_changed: list[FileRow] = field(default_factory=list)

    @property
    def needs_build(self) -> bool:
        """Whether a build is needed: deliveries were loaded after the newest build, or the models changed."""
        return bool(self.files) and not self.build.is_current

    @property
    def needs_publish(self) -> bool:
        """Whether the newest build is not the current snapshot."""
        return self.build.number > 0 and snapshot_number(self.snapshot) != self.build.number

    def families(self, selection: Selection) -> list[str]:
        """Return the families with files to ingest, in landing order of their first files."""
        waiting = (*self.queue.new, *self.queue.known, *self.inbox.new, *self.inbox.known)
        selected = [i.feed for i in waiting if selection.selects(i.feed.name, i.partition)]
        from vsf_assets.feeds import all_feeds

        again = [
            all_feeds()[row.feed]
            for row in (self.files if selection.reload == "all" else self.outdated)
            if selection.selects(row.feed, row.partition_key)
        ]
        return list(dict.fromkeys(feed.family for feed in (*selected, *again)))


def survey(settings: Settings, warehouse: Warehouse, profile: str | None = None) -> Survey:
    """Survey landing zone, inbox and warehouse; waits for the lock of the warehouse. No catalog source is scanned.

    Args:
        settings: the home and its landing zone, archive and snapshots.
        warehouse: the warehouse.
        profile: the catalog source whose history is read; None for no history.

    Raises:
        LockTimeoutError: another process held the warehouse for too long.
        VsfError: the landing zone belongs to another home.
    """
    listing = open_store(settings.landing).listing()
    refuse_foreign(settings)
    landed = timed_listing(listing.entries, time.time())
    archive, fetched = open_store(settings.archive), FolderStore(settings.fetched)
    files: list[FileRow] = []
    build, history, requests = NO_BUILD, SourceHistory(), 0
    with warehouse.read("looking for work") as connection:
        if connection is not None and has_ledger(connection):
            files = read_files(connection)
            build = read_build_state(connection, settings)
            history = read_history(connection, settings, profile) if profile else history
            requests = len(read_known(connection).waiting())

        def is_empty() -> bool:
            files[:] = files or (read_files(connection) if connection is not None and has_ledger(connection) else [])
            return not files

        refuse_lost_warehouse(archive, open_store(settings.landing), is_empty)
    keys = {row.key for row in files}
    queue, inbox = (
        classify_landed(landed.entries.values(), keys),
        classify_landed(fetched.entries(), keys, fetched=True),
    )
    queue.known[:] = files_to_archive(queue.known, {row.key: row for row in files}, archive, settings)
    versions = contract_versions(settings) if files else Versions({}, {})
    contract_changed = outdated_files(files, versions)
    there = probably_present(archive, {row.archive_path for row in contract_changed})
    contract_changed = [row for row in contract_changed if row.archive_path in there]
    outdated = contract_changed + without_rows(files) + to_recheck(files, settings, datetime.now(UTC))
    snapshot, left_out = current_snapshot(settings), listing.left_out
    return Survey(landed, queue, files, outdated, build, snapshot, inbox, history, requests, left_out, contract_changed)
