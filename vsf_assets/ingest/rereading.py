"""Chooses the archived originals that a run reads again, in place of their earlier rows.

Here: the choice: originals that a person requests, that have an outdated contract version, that were written to after
they were loaded, and duplicates of a file whose content changed. Not here: reading and storing them (loader.py).
Name, landed_at and place in the landing order stay.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vsf_assets.archive.changed_originals import Changed, has_record, refile_changed, to_recheck
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.selection import Selection
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.entry import Entry
from vsf_assets.warehouse.contract_versions import Versions
from vsf_assets.warehouse.input_and_result import InputFile

if TYPE_CHECKING:
    from vsf_assets.ingest.ingest_report import IngestReport
    from vsf_assets.warehouse.ledger import FileRow


def without_rows(ledger: Iterable["FileRow"], but_not: Collection[int] = ()) -> list["FileRow"]:
    """Return duplicate files whose content no loaded file holds any more.

    Args:
        ledger: all rows.
        but_not: ids of rows that are about to be replaced.
    """
    rows = list(ledger)
    held = {(r.feed, r.partition_key, r.sha256) for r in rows if r.status == "loaded" and r.file_id not in but_not}
    return [
        row
        for row in rows
        if row.status == "duplicate_file"
        and row.feed in all_feeds()
        and all_feeds()[row.feed].counts_once_by == "content"
        and (row.feed, row.partition_key, row.sha256) not in held
    ]


@dataclass(frozen=True)
class Rereading:
    """The choice of a run.

    Attributes:
        settings, selection, versions: of the run.
        archive: the store with the originals.
        report: receives originals that cannot be read again.
        progress: receives a line for each original that was written to.
    """

    settings: Settings
    selection: Selection
    versions: Versions
    archive: Store
    report: "IngestReport"
    progress: Callable[[str], None]

    def input_files(self, ledger: list["FileRow"], idle: bool, continued: Sequence[Changed] = ()) -> list[InputFile]:
        """Return the files to read again.

        Args:
            ledger: all rows.
            idle: whether the run has nothing else to load.
            continued: originals that are known to have changed.
        """
        known = {changed.row.file_id for changed in continued}
        selected = [
            row for row in ledger if self.selection.selects(row.feed, row.partition_key) and row.file_id not in known
        ]
        found = to_recheck(selected, self.settings, datetime.now(UTC)) if self.selection.reload != "no" else []
        changed = [self._input_file(c) for c in (*continued, *refile_changed(found, self.settings))]
        replaced = {input_file.replaces for input_file in changed if input_file.replaces is not None}
        orphans = {row.file_id for row in without_rows(ledger, replaced)} if self.selection.reload != "no" else set()
        return changed + [
            input_file
            for row in selected
            if row.file_id not in replaced
            for input_file in self._one(row, row.file_id in orphans, idle)
        ]

    def _input_file(self, changed: Changed) -> InputFile:
        row = changed.row
        self.progress(f"{row.file_name} was still written to after it was loaded; it is read again")
        return InputFile(
            self.archive,
            changed.entry,
            all_feeds()[row.feed],
            row.partition_key,
            row.file_name,
            row.landed_at,
            changed.sha256,
            replaces=row.file_id,
            is_changed=True,
        )

    def _one(self, row: "FileRow", is_orphan: bool, idle: bool) -> list[InputFile]:
        every = self.selection.reload == "all" or (self.selection.reload == "if_idle" and idle)
        # Under another contract the first file may be unreadable, so its duplicate is read too.
        version = self.versions.of(row.feed, row.partition_key)
        outdated = is_orphan or (row.contract_version != version and self.selection.reload != "no")
        if not outdated and not (every and row.status != "duplicate_file"):
            return []
        if not self.versions.can_read(row.feed, row.partition_key):
            if every:
                why = f"cannot be read again: the profile {row.partition_key} is not in sources.toml (VSF_SOURCES)"
                self.report.left.append((row.archive_path, why))
            return []
        entry = self._original_of(row)
        if entry is None:
            return []
        feed = all_feeds()[row.feed]
        is_changed = not feed.is_fetched and has_record(self.archive, row.archive_path)
        return [
            InputFile(
                self.archive,
                entry,
                feed,
                row.partition_key,
                row.file_name,
                row.landed_at,
                row.sha256,
                is_changed=is_changed,
            )
        ]

    def _original_of(self, row: "FileRow") -> Entry | None:
        """Return the original of a file; None if it is missing or unreadable, which the report says."""
        try:
            entry = self.archive.stat(row.archive_path)
        except OSError as error:
            if not is_about_one_file(error):
                raise
            self.report.cannot_use(row.archive_path, error, "read again", is_own=True)
            return None
        if entry is None:
            self.report.left.append((row.archive_path, "cannot be read again: the original is not in the archive"))
        return entry
