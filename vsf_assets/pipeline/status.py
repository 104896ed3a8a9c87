"""Surveys what is pending: landing zone, inbox, ledger, builds, snapshot, requests.

Here: the answer to "is anything pending?" for `vsf run`, `vsf status` and the sensors. Not here:
doing it (ingest/session.py, pipeline/build.py). Loads DuckDB only where there is a warehouse.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vsf_assets.archive.changed_originals import to_recheck
from vsf_assets.archive.originals import refuse_lost_warehouse
from vsf_assets.archive.outdated_originals import outdated_files
from vsf_assets.archive.verified_etags import files_to_archive
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.rereading import without_rows
from vsf_assets.landing.ownership import refuse_foreign
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
    """A look at everything that may be pending.

    Attributes:
        landed: the landing zone as it was seen.
        queue: the landing zone against the ledger.
        files: the ledger, in landing order.
        outdated: files whose contract has changed since, with their originals at hand; those whose original may have
            been written to since; and those that repeated one whose content is another now.
        mended: those of them whose contract has changed; the others are read again for another reason.
        build: the newest build against the ledger and the dbt project.
        snapshot: the current snapshot, or None.
        inbox: what was fetched and is not loaded, against the ledger.
        history: what is known of the catalog source that was asked for.
        requests: how many requests for made-up files wait.
        left_out: what the listing of the landing zone left out.
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
    mended: list[FileRow] = field(default_factory=list)

    @property
    def needs_build(self) -> bool:
        """Whether something is ingested that the marts are not made of yet, or the models changed."""
        return bool(self.files) and not self.build.is_current

    @property
    def needs_publish(self) -> bool:
        """Whether the newest build is not the current snapshot."""
        return self.build.number > 0 and snapshot_number(self.snapshot) != self.build.number

    def families(self, selection: Selection) -> list[str]:
        """Return the families with files to ingest, in landing order of their first."""
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
    """Look at the landing zone, the inbox and the warehouse; waits for its lock. No foreign source is looked at.

    Args:
        settings: where everything is.
        warehouse: the warehouse.
        profile: the catalog source whose history is wanted.

    Raises:
        LockTimeoutError: another process held the warehouse too long.
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
        # Under the lock: whatever is in the archive was stored before.
        refuse_lost_warehouse(archive, open_store(settings.landing), ledger_is_empty=not files)
    keys = {row.key for row in files}
    queue, inbox = (
        classify_landed(landed.entries.values(), keys),
        classify_landed(fetched.entries(), keys, fetched=True),
    )
    queue.known[:] = files_to_archive(queue.known, {row.key: row for row in files}, archive, settings)
    versions = contract_versions(settings) if files else Versions({}, {})
    mended = outdated_files(files, versions)
    there = probably_present(archive, {row.archive_path for row in mended})
    mended = [row for row in mended if row.archive_path in there]
    outdated = mended + without_rows(files) + to_recheck(files, settings, datetime.now(UTC))
    snapshot, left_out = current_snapshot(settings), listing.left_out
    return Survey(landed, queue, files, outdated, build, snapshot, inbox, history, requests, left_out, mended)
