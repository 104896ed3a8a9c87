"""What there is to do: the landing zone, the ledger and the builds, looked at without heavy imports.

Here: the answer to "is anything pending?" for `vsf run`, `vsf status` and the sensors. Not here:
doing it (ingest/engine.py, pipeline.py). Loads DuckDB only where there is a warehouse.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from vsf_assets.ingest.archive import refuse_lost_warehouse
from vsf_assets.ingest.engine import Selection
from vsf_assets.ingest.pending import Queue, sort_out
from vsf_assets.ingest.settle import Look, look_at
from vsf_assets.ingest.store import open_store
from vsf_assets.ingest.versions import Versions, contract_versions
from vsf_assets.settings import Settings
from vsf_assets.warehouse.builds import NO_BUILD, BuildState, read_build_state
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.ledger import FileRow, has_ledger, read_files
from vsf_assets.warehouse.publish import current_snapshot, snapshot_number


@dataclass(frozen=True)
class Survey:
    """A look at everything that may be pending.

    Attributes:
        look: the landing zone as it was seen.
        queue: the landing zone against the ledger.
        files: the ledger, in landing order.
        outdated: files whose contract has changed since, with their originals at hand.
        build: the newest build against the ledger and the dbt project.
        snapshot: the current snapshot's file, or None.
    """

    look: Look
    queue: Queue
    files: list[FileRow] = field(default_factory=list)
    outdated: list[FileRow] = field(default_factory=list)
    build: BuildState = NO_BUILD
    snapshot: Path | None = None

    @property
    def needs_build(self) -> bool:
        """Whether something is ingested that no build has absorbed, or the models changed."""
        return bool(self.files) and not self.build.is_current

    @property
    def needs_publish(self) -> bool:
        """Whether the newest build is not the current snapshot."""
        return self.build.number > 0 and snapshot_number(self.snapshot) != self.build.number

    def families(self, selection: Selection) -> list[str]:
        """Return the families with files to ingest, in landing order of their first."""
        asked = [i.feed for i in (*self.queue.new, *self.queue.known) if selection.takes(i.feed.name, i.partition)]
        from vsf_assets.feeds import all_feeds

        again = [
            all_feeds()[row.feed]
            for row in (self.files if selection.reload == "all" else self.outdated)
            if selection.takes(row.feed, row.partition_key)
        ]
        return list(dict.fromkeys(feed.family for feed in (*asked, *again)))


def survey(settings: Settings, warehouse: Warehouse) -> Survey:
    """Look at the landing zone and the warehouse; waits for its lock.

    Raises:
        LockTimeoutError: another process held the warehouse too long.
    """
    look = look_at(open_store(settings.landing).entries(), time.time())
    archive = open_store(settings.archive)
    files: list[FileRow] = []
    build = NO_BUILD
    with warehouse.read("looking for work") as connection:
        if connection is not None and has_ledger(connection):
            files = read_files(connection)
            build = read_build_state(connection, settings)
        # Under the lock: whatever is in the archive was stored before.
        refuse_lost_warehouse(archive, ledger_is_empty=not files)
    queue = sort_out(look.entries.values(), {row.key for row in files})
    if settings.after_load == "keep":
        paths = {row.key: row.archive_path for row in files}
        queue.known[:] = [item for item in queue.known if archive.stat(paths[item.key]) is None]
    versions = contract_versions(settings) if files else Versions({}, {})
    outdated = [
        row
        for row in files
        if row.status != "duplicate_file"
        and row.contract_version != versions.of(row.feed, row.partition_key)
        and archive.stat(row.archive_path) is not None
    ]
    return Survey(look, queue, files, outdated, build, current_snapshot(settings))
