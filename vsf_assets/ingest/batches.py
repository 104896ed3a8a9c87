"""Batches of the ingest: read some files, store them under one hold of the lock, file them away.

Here: what happens to chosen files, and what is reported of it. Not here: choosing them
(engine.py), reading one (delivery.py), its transaction (warehouse/ledger.py) and its way to the
archive (filing.py).
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.errors import SameInstantError
from vsf_assets.ingest.again import is_unchanged, look_again
from vsf_assets.ingest.delivery import ChangedError, Delivery, Work, read_delivery
from vsf_assets.ingest.filing import file_originals
from vsf_assets.ingest.uploads import together
from vsf_assets.ingest.versions import Versions
from vsf_assets.objects import ObjectStoreError
from vsf_assets.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.sources.fetching import RoundReport
    from vsf_assets.warehouse.ledger import FileRow

BATCH_FILES = 100
GIVE_UP_AFTER = 3
"""So many objects of a batch that cannot be fetched mean that the store is down; each costs a time-out."""

BATCH_BYTES = 256 << 20
"""A batch is read first and then stored under one hold of the lock, a transaction per file."""


@dataclass
class IngestReport:
    """What an ingest did.

    Attributes:
        stored: ledger rows written, in the order of the work.
        left: (path, why) of files that are taken up at a later run.
        failed: (path, why) of files that could not be reached or are not what the ledger knows.
        rounds: looks at foreign sources with what was fetched.
    """

    stored: list["FileRow"] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    rounds: list["RoundReport"] = field(default_factory=list)


def _bytes(batch: list[Work]) -> int:
    return sum(work.entry.size for work in batch)


def batches(work: list[Work]) -> Iterator[list[Work]]:
    """Cut the work into batches by count and bytes; the files of an upload stay together."""
    batch: list[Work] = []
    for unit in together(work, lambda item: item):
        if batch and (len(batch) >= BATCH_FILES or _bytes([*batch, *unit]) > BATCH_BYTES):
            yield batch
            batch = []
        batch += unit
    if batch:
        yield batch


Connect = Callable[[str], AbstractContextManager["DuckDBPyConnection"]]


@dataclass(frozen=True)
class Ingest:
    """What all batches of a run share.

    Attributes:
        connect: opens the warehouse for a purpose, with its lock held.
        settings: limits and folders.
        versions: what files are read with.
        run_id: recorded with each file.
        report: gets what becomes of them.
        progress: told of it.
    """

    connect: Connect
    settings: Settings
    versions: Versions
    run_id: str
    report: IngestReport
    progress: Callable[[str], None]

    def take(self, work: list[Work]) -> None:
        """Read the work batch by batch, store each with a transaction per delivery, file it away."""
        for batch in batches(work):
            with scratch_folder(self.settings.scratch) as scratch:
                self._store(self._read(batch, scratch))

    def _store(self, deliveries: list[Delivery]) -> None:
        from vsf_assets.warehouse.inserting import Inserts
        from vsf_assets.warehouse.ledger import store_deliveries

        if not deliveries:
            return
        report = self.report
        stored: list[tuple[Delivery, FileRow]] = []
        with self.connect(f"ingest of {len(deliveries)} files") as connection:
            inserts, looks = Inserts(connection), look_again(deliveries)
            if not any(delivery.parts for delivery in deliveries):
                connection.execute("set threads = 1")  # sharing a few rows out takes longer than storing them
            for unit in together(list(zip(deliveries, looks, strict=True)), lambda pair: pair[0].work):
                checked = [d for d, look in unit if is_unchanged(connection, d, look, report)]
                if len(checked) < len(unit):
                    continue
                work = checked[0].work
                version = self.versions.of(work.feed.name, work.partition)
                try:
                    rows = store_deliveries(inserts, checked, self.run_id, datetime.now(UTC), version)
                except SameInstantError as error:
                    report.failed.append((work.entry.path, str(error)))
                    continue
                stored += zip(checked, (row for row, _ in rows), strict=True)
                for row in (row for row, is_new in rows if is_new):
                    report.stored.append(row)
                    self.progress(_line(row))
        landed = [(d.work.store, d.work.entry, row) for d, row in stored if d.work.known_sha256 is None]
        for entry, row in file_originals(landed, self.settings, report, hashed=True):
            report.left.append((entry.path, f"another file took its place before {row.archive_path} was archived"))

    def _read(self, batch: list[Work], folder: Path) -> list[Delivery]:
        store = batch[0].store
        with store.ahead([work.entry for work in batch if work.store is store]):
            return _whole(batch, self._deliveries(batch, folder), self.report)

    def _deliveries(self, batch: list[Work], folder: Path) -> list[Delivery]:
        deliveries = []
        unreachable = 0
        for number, work in enumerate(batch):
            self.progress(f"reading {work.name} ({work.entry.size:,} bytes)")
            try:
                encoding = self.settings.encodings.get(work.partition or "", "utf-8")
                delivery = read_delivery(work, folder / str(number), self.settings.events_start, encoding)
            except ChangedError as error:
                self.report.left.append((work.entry.path, str(error)))
                continue
            except ObjectStoreError as error:
                unreachable += 1
                if unreachable == GIVE_UP_AFTER:
                    raise
                self.report.failed.append((work.entry.path, str(error)))
                continue
            except OSError as error:
                # One file that cannot be read holds nothing else back; the run says so and fails in the end.
                self.report.failed.append((work.entry.path, f"cannot be read: {error.strerror or error}"))
                continue
            if work.known_sha256 and not delivery.sha256.startswith(work.known_sha256):
                why = "the archived file is damaged: its SHA-256 is not the ledger's"
                self.report.failed.append((work.entry.path, why))
                continue
            deliveries.append(delivery)
        return deliveries


def _whole(batch: list[Work], deliveries: list[Delivery], report: IngestReport) -> list[Delivery]:
    """Return the deliveries without those of uploads of which another file could not be read."""
    read = {id(delivery.work) for delivery in deliveries}
    torn = {id(w) for unit in together(batch, lambda w: w) if not read.issuperset(map(id, unit)) for w in unit}
    for delivery in deliveries:
        if id(delivery.work) in torn:
            report.left.append((delivery.work.entry.path, "it is taken up with the other files of its upload"))
    return [delivery for delivery in deliveries if id(delivery.work) not in torn]


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
