"""Batches of the ingest: read some files, store them under one hold of the lock, file them away.

Here: what happens to chosen files, and what is reported of it. Not here: choosing them
(engine.py), reading one (delivery.py) and its transaction (warehouse/ledger.py).
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

from vsf_assets.errors import SameInstantError, VsfError
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.datasets import CHANGES
from vsf_assets.ingest.again import is_unchanged, look_again
from vsf_assets.ingest.archive import file_away
from vsf_assets.ingest.delivery import ChangedError, Delivery, Work, read_delivery
from vsf_assets.ingest.kept import note
from vsf_assets.ingest.store import Entry, Store, open_store
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


def batches(work: list[Work]) -> Iterator[list[Work]]:
    """Cut the work into batches by count and bytes; the files of an upload stay together."""
    batch: list[Work] = []
    for unit in together(work, lambda item: item):
        size = sum(w.entry.size for w in (*batch, *unit))
        if batch and (len(batch) >= BATCH_FILES or size > BATCH_BYTES):
            yield batch
            batch = []
        batch += unit
    if batch:
        yield batch


def do_batch(
    connect: Callable[[str], AbstractContextManager["DuckDBPyConnection"]],
    settings: Settings,
    batch: list[Work],
    versions: Versions,
    run_id: str,
    report: IngestReport,
    progress: Callable[[str], None],
) -> None:
    """Read a batch, store it with a transaction per delivery, file it away."""
    from vsf_assets.warehouse.ledger import store_deliveries

    stored: list[tuple[Delivery, FileRow]] = []
    with scratch_folder(settings.scratch) as scratch:
        with batch[0].store.ahead([work.entry for work in batch if work.store is batch[0].store]):
            deliveries = _whole(batch, _read(batch, scratch, settings, report, progress), report)
        if deliveries:
            with connect(f"ingest of {len(deliveries)} files") as connection:
                looks = look_again(deliveries)
                if not any(delivery.parts for delivery in deliveries):
                    connection.execute("set threads = 1")  # sharing a few rows out takes longer than storing them
                for unit in together(list(zip(deliveries, looks, strict=True)), lambda pair: pair[0].work):
                    checked = [d for d, look in unit if is_unchanged(connection, d, look, report)]
                    if len(checked) < len(unit):
                        continue
                    work = checked[0].work
                    version = versions.of(work.feed.name, work.partition)
                    try:
                        rows = store_deliveries(connection, checked, run_id, datetime.now(UTC), version)
                    except SameInstantError as error:
                        report.failed.append((work.entry.path, str(error)))
                        continue
                    stored += zip(checked, (row for row, _ in rows), strict=True)
                    for row in (row for row, is_new in rows if is_new):
                        report.stored.append(row)
                        progress(_line(row))
    landed = [(d.work.store, d.work.entry, row) for d, row in stored if d.work.known_sha256 is None]
    for entry, row in file_originals(landed, settings, report, hashed=True):
        report.left.append((entry.path, f"another file took its place before {row.archive_path} was archived"))


def file_originals(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: IngestReport, *, hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """File stored deliveries away; what cannot be is told and holds nothing else back.

    Args:
        landed: store, entry and ledger row of each.
        settings: where the archive is, and what becomes of loaded files.
        report: gets what failed.
        hashed: whether this run read and hashed the files in the state of their entries.

    Returns:
        Those that are not what the ledger knows; they are left where they are.
    """
    # The newest file of an upload tells when all of it has landed, so it goes last: what a crash leaves is known.
    older = [item for item in landed if item[1].modified != item[2].landed_at]
    newest = [item for item in landed if item[1].modified == item[2].landed_at]
    return [unlike for files in (older, newest) for unlike in _file_some(files, settings, report, hashed)]


def _file_some(
    landed: list[tuple[Store, Entry, "FileRow"]], settings: Settings, report: IngestReport, hashed: bool
) -> list[tuple[Entry, "FileRow"]]:
    """File some away, as many at once as it is worth."""
    if not landed:
        return []
    from concurrent.futures import ThreadPoolExecutor

    archive = open_store(settings.archive)

    def file_one(item: tuple[Store, Entry, "FileRow"]) -> bool | None:
        store, entry, row = item
        seen, after_load = entry if hashed else None, after_load_of(settings, row.feed)
        try:
            return file_away(store, entry.path, archive, row.archive_path, row.sha256, after_load, seen)
        except (VsfError, ObjectStoreError) as error:
            report.failed.append((entry.path, str(error)))
            return None

    workers = max([archive.workers, *(store.workers for store, _, _ in landed)])
    if workers == 1:
        are_filed = [file_one(item) for item in landed]
    else:
        with ThreadPoolExecutor(workers) as pool:
            are_filed = list(pool.map(file_one, landed))
    note({entry.path: entry.etag for (_, entry, _), done in zip(landed, are_filed, strict=True) if done}, settings)
    return [(entry, row) for (_, entry, row), done in zip(landed, are_filed, strict=True) if done is False]


def after_load_of(settings: Settings, feed: str) -> str:
    """Return what becomes of a loaded file; what the platform fetched or wrote always goes to the archive."""
    is_own = feed == CHANGES or (feed in all_feeds() and all_feeds()[feed].is_fetched)
    return "archive" if is_own else settings.after_load


def _read(
    batch: list[Work], scratch: Path, settings: Settings, report: IngestReport, progress: Callable[[str], None]
) -> list[Delivery]:
    deliveries = []
    unreachable = 0
    for number, work in enumerate(batch):
        progress(f"reading {work.name} ({work.entry.size:,} bytes)")
        try:
            encoding = settings.encodings.get(work.partition or "", "utf-8")
            delivery = read_delivery(work, scratch / str(number), settings.events_start, encoding)
        except ChangedError as error:
            report.left.append((work.entry.path, str(error)))
            continue
        except ObjectStoreError as error:
            unreachable += 1
            if unreachable == GIVE_UP_AFTER:
                raise
            report.failed.append((work.entry.path, str(error)))
            continue
        except OSError as error:
            # One file that cannot be read holds nothing else back; the run says so and fails in the end.
            report.failed.append((work.entry.path, f"cannot be read: {error.strerror or error}"))
            continue
        if work.known_sha256 and not delivery.sha256.startswith(work.known_sha256):
            report.failed.append((work.entry.path, "the archived file is damaged: its SHA-256 is not the ledger's"))
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
