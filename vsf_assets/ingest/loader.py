"""Loads batches of files: read them, store them under one hold of the lock, archive them.

Here: the steps for selected files, and their report. Not here: selecting files (session.py), reading one
(read_file.py), its transaction (warehouse/ledger.py) and the move to the archive (move_to_archive.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import SameInstantError
from vsf_assets.config.settings import Settings
from vsf_assets.ingest.changed_since_listing import Restats, is_unchanged, restat, restat_together
from vsf_assets.ingest.crash_records import Perils
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.ingest.move_to_archive import file_originals
from vsf_assets.ingest.read_file import ChangedError, read_one_file
from vsf_assets.ingest.read_in_child import ended_processes, read_apart
from vsf_assets.ingest.safe_copies import secure
from vsf_assets.ingest.scratch_folder import scratch_folder
from vsf_assets.landing.multi_file_uploads import group_by_upload
from vsf_assets.readers.common.limits import ReadLimits
from vsf_assets.storage.base import is_about_one_file
from vsf_assets.storage.full_disk import FullDiskError
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets.warehouse.contract_versions import Versions
from vsf_assets.warehouse.forms.run_notes import RunNotes
from vsf_assets.warehouse.input_and_result import InputFile, ReadResult

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow
    from vsf_assets.warehouse.writer import Writer

    _Stored = tuple[ReadResult, FileRow]

BATCH_FILES = 100
GIVE_UP_AFTER = 3
"""After so many failed objects of a batch the store counts as down: each failure costs a time-out."""

BATCH_BYTES = 256 << 20
"""Files of a batch. A batch is read first and then stored under one hold of the lock; but see QUICK_BYTES."""

QUICK_BYTES = 4 << 20
"""Fetched files up to this size are read while the previous one is committed."""

LONGEST_HOLD = 3.0
"""Seconds after which a loader that reads under the lock releases it once, before the next file."""


def _bytes(batch: list[InputFile]) -> int:
    return sum(input_file.entry.size for input_file in batch)


def batches(input_file: list[InputFile]) -> Iterator[list[InputFile]]:
    """Cut the files into batches by count and bytes; the files of an upload stay together."""
    batch: list[InputFile] = []
    for unit in group_by_upload(input_file, lambda item: item):
        if batch and (len(batch) >= BATCH_FILES or _bytes([*batch, *unit]) > BATCH_BYTES):
            yield batch
            batch = []
        batch += unit
    if batch:
        yield batch


OpenWriter = Callable[[str], AbstractContextManager["Writer"]]


@dataclass(frozen=True)
class Ingest:
    """Loads the batches of a run.

    Attributes:
        open_writer: opens the warehouse for a purpose.
        is_locked: whether its lock is held as long as it is open; otherwise while a delivery is stored.
        settings: limits and folders.
        notes: of this run, and of runs that are over.
        versions: the contract versions to record.
        run_id: recorded with each file.
        report: receives results and failures.
        progress: receives progress lines.
    """

    open_writer: OpenWriter
    is_locked: bool
    settings: Settings
    notes: RunNotes
    versions: Versions
    run_id: str
    report: IngestReport
    progress: Callable[[str], None]

    @cached_property
    def perils(self) -> Perils:
        """The files that dead runs were reading, and the record of the file that this run reads."""
        return Perils(self.notes)

    def load(self, input_file: list[InputFile]) -> None:
        """Read the files in batches, store each delivery in one transaction, and archive the originals."""
        with self.perils.watched():
            for batch in batches(input_file):
                with scratch_folder(self.settings.scratch) as scratch:
                    if self.is_locked and _is_quick(batch):
                        self._store_while_reading(self._read_all(batch, scratch), len(batch))
                    else:
                        self._store(self._secure(self._read(batch, scratch)))

    def _secure(self, results: list[ReadResult]) -> list[ReadResult]:
        """Make safe copies of the originals before anything is stored; uploads stay complete."""
        safe = secure(results, self.settings, self.report)
        return (
            safe if len(safe) == len(results) else _complete_uploads([d.input_file for d in results], safe, self.report)
        )

    def _store(self, results: list[ReadResult]) -> None:
        from vsf_assets.warehouse.ledger import stage_rows

        if not results:
            return
        stored: list[_Stored] = []
        with self._writing(len(results)) as writer:
            restats = restat_together(results) if self.is_locked else restat
            if not any(result.parts for result in results):
                writer.expect_few_rows()
            for unit in group_by_upload(results, lambda result: result.input_file):
                now = datetime.now(UTC)
                writer.stage(unit)
                stage_rows(writer, unit, self.run_id, now, self._version_of(unit[0]))
                store = partial(self._store_one, writer, unit, restats, now)
                self._record_stored(writer.in_turn(store), stored)
        self._file(stored)

    def _store_while_reading(self, results: Iterator[ReadResult], number: int) -> None:
        """Read each file while the previous one is committed; release the lock now and then."""
        from vsf_assets.warehouse.async_commits import Commits

        while (first := next(results, None)) is not None:
            stored: list[_Stored] = []
            with self._writing(number) as writer, Commits(writer.connection) as commits:
                writer.expect_few_rows()
                until = time.monotonic() + LONGEST_HOLD
                for result in chain([first], results):
                    commits.wait()
                    done = self._store_one(writer, [result], restat, datetime.now(UTC), commits.start)
                    commits.then(partial(self._record_stored, done, stored))
                    if time.monotonic() > until:
                        break
            self._file(stored)

    def _writing(self, number: int) -> AbstractContextManager["Writer"]:
        return self.open_writer(f"ingest of {number} files")

    def _store_one(
        self,
        writer: "Writer",
        unit: list[ReadResult],
        restats: Restats,
        now: datetime,
        commit: Callable[[], object] | None = None,
    ) -> "list[tuple[ReadResult, FileRow, bool]]":
        """Store a file, or the files of an upload; return their ledger rows, and whether each is new."""
        from vsf_assets.warehouse.ledger import store_results

        pairs = zip(unit, restats(unit), strict=True)
        checked = [d for d, restat_one in pairs if is_unchanged(writer.connection, d, restat_one, self.report)]
        if len(checked) < len(unit):
            return []
        try:
            rows = store_results(writer, checked, self.run_id, now, self._version_of(checked[0]), commit)
        except SameInstantError as error:
            self.report.failed.append((checked[0].input_file.entry.path, str(error)))
            return []
        return [(result, row, is_new) for result, (row, is_new) in zip(checked, rows, strict=True)]

    def _version_of(self, result: ReadResult) -> str:
        return self.versions.of(result.input_file.feed.name, result.input_file.partition)

    def _record_stored(self, rows: "list[tuple[ReadResult, FileRow, bool]]", stored: "list[_Stored]") -> None:
        """Add stored files to the report, and to the files to archive."""
        for result, row, is_new in rows:
            stored.append((result, row))
            if is_new:
                self.report.stored.append(row)
                self.progress(_line(row))

    def _file(self, stored: "list[_Stored]") -> None:
        landed = [
            (d.input_file.store, d.input_file.entry, row) for d, row in stored if d.input_file.known_sha256 is None
        ]
        for entry, row in file_originals(landed, self.settings, self.report, hashed=True):
            self.report.left.append((entry.path, f"{row.file_name} is loaded; another file took its place meanwhile"))

    def _read(self, batch: list[InputFile], folder: Path) -> list[ReadResult]:
        store = batch[0].store
        with store.ahead([input_file.entry for input_file in batch if input_file.store is store]):
            return _complete_uploads(batch, list(self._read_all(batch, folder)), self.report)

    def _read_all(self, batch: list[InputFile], folder: Path) -> Iterator[ReadResult]:
        unreachable = 0
        for number, input_file in enumerate(batch):
            self.progress(f"reading {input_file.name} ({input_file.entry.size:,} bytes)")
            try:
                result = self._read_one(input_file, folder / str(number))
            except FullDiskError:
                raise  # the next file would meet the full disk too
            except ChangedError as error:
                self.report.left.append((input_file.entry.path, str(error)))
                continue
            except OSError as error:
                # An unreadable file stops no other file; the report names it.
                unreachable += isinstance(error, ObjectStoreError) and not is_about_one_file(error)
                if unreachable == GIVE_UP_AFTER:
                    raise
                is_own = input_file.store.is_private or input_file.known_sha256 is not None
                self.report.cannot_use(input_file.entry.path, error, "read", is_own)
                continue
            if input_file.known_sha256 and not result.sha256.startswith(input_file.known_sha256):
                why = "the archived file is damaged: its SHA-256 is not the ledger's"
                self.report.failed.append((input_file.entry.path, why))
                continue
            yield result

    def _read_one(self, input_file: InputFile, folder: Path) -> ReadResult:
        """Read a file in this process; a file that ended an earlier run in a child process."""
        encoding = self.settings.encodings.get(input_file.partition or "", "utf-8")
        limits = ReadLimits(self.settings.findings_per_file, self.settings.file_unpacked_max)
        if self.perils.may_end_the_run(input_file) or (
            input_file.known_sha256 and ended_processes(input_file, self.settings)
        ):
            self.progress(f"reading {input_file.name} in a process of its own: a run ended while it read it")
            with self.perils.reading(input_file, (ChangedError, OSError)):
                result = read_apart(input_file, folder, self.settings, encoding, limits)
            self.perils.absolve(input_file)
            return result
        with self.perils.reading(input_file, (ChangedError, OSError)):
            return read_one_file(input_file, folder, self.settings.earliest_day, encoding, limits)


def _is_quick(batch: list[InputFile]) -> bool:
    """Whether a batch may be read under the lock: all files are small, and no other process can change them."""
    return all(input_file.store.is_private and input_file.entry.size <= QUICK_BYTES for input_file in batch)


def _complete_uploads(batch: list[InputFile], results: list[ReadResult], report: IngestReport) -> list[ReadResult]:
    """Return the results without uploads of which another file could not be read."""
    read = {id(result.input_file) for result in results}
    torn = {id(w) for unit in group_by_upload(batch, lambda w: w) if not read.issuperset(map(id, unit)) for w in unit}
    for result in results:
        if id(result.input_file) in torn:
            report.left.append((result.input_file.entry.path, "it is taken up with the other files of its upload"))
    return [result for result in results if id(result.input_file) not in torn]


def _line(row: "FileRow") -> str:
    """Return the log line of a stored file."""
    place = row.feed if row.partition_key is None else f"{row.feed}/{row.partition_key}"
    counts = f"{row.rows_loaded:,} loaded, {row.rows_quarantined:,} quarantined"
    return f"{row.status} {place} {row.file_name}" + (f": {counts}" if row.status == "loaded" else "")
