"""The ledger as `vsf status` shows it, with what is kept of it while nobody writes to the warehouse.

Here: reading it from the warehouse, or from the snapshot while a run writes, and the note with what was read last.
DuckDB takes most of a short command's time, so a warehouse that is unchanged since the last `vsf status` is not opened.
Not here: printing it (status.py), and the queries that a run makes (pipeline/status.py).
"""

import time
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vsf_assets.archive.outdated_originals import Outdated, outdated_files, split_outdated
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.catalog.model.plan import KnownObject
from vsf_assets.common.errors import LockTimeoutError, WarehouseUnavailableError
from vsf_assets.config.settings import Settings
from vsf_assets.pipeline.synthetic_queue import RequestRow, read_known
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.snapshots.current import current_snapshot, snapshot_number
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets.warehouse.lock import owner_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOTE = "status-ledger"
NOTE_FORM = 1
"""To be raised when the content of the note changes."""

MOST_KEPT = 10_000
"""Rows of the longest ledger that is kept; a longer one takes as long to decode as to read."""

SETTLED_NS = 2 * 10**9
"""Age of the last write, nanoseconds, from which another write is sure to change the file's times. File systems round
them, to 4 ms on most and to 2 s on the coarsest."""

_SQL = (
    "select feed, partition_key, file_name, status, lines_read, rows_loaded, rows_quarantined, landed_at, bytes"
    " from {}.files order by landed_at, file_name, feed"
)
_HAS_PUBLISHED = """
    select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'published_files'
"""
"""An earlier release has no such table."""

_NOT_PUBLISHED = """
    select feed, file_name from raw.files left join raw.published_files as published using (file_id)
    where published.file_id is null or published.first_snapshot > ? order by landed_at, file_name
"""


@dataclass(frozen=True)
class Ledger:
    """The ledger.

    Attributes:
        rows: the columns of `_SQL`, in landing order.
        history: of the catalog's source.
        origin: where all of it was read.
        requests: the requests for made-up files.
        outdated: the originals that were read with outdated contracts.
        not_in_snapshot: (feed, file name) of files that the warehouse holds and the snapshot does not.
        is_complete: whether the warehouse was read, and not the snapshot in place of it.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    history: SourceHistory = field(default_factory=SourceHistory)
    origin: str = "the warehouse"
    requests: list[RequestRow] = field(default_factory=list)
    outdated: Outdated = field(default_factory=Outdated)
    not_in_snapshot: list[tuple[str, str]] = field(default_factory=list)
    is_complete: bool = True


def read_ledger(settings: Settings) -> Ledger:
    """Read the warehouse, or the snapshot while a run writes or the warehouse cannot be reached or may not be read."""
    warehouse = Warehouse.of(settings)
    try:
        # The lock keeps writers away from before the file's state is taken until it is read.
        with warehouse.share_at_once():
            return _read_shared(settings, warehouse)
    except (LockTimeoutError, PermissionError, WarehouseUnavailableError) as error:
        why = "the warehouse is in use"
        if isinstance(error, WarehouseUnavailableError):
            why = "the warehouse does not answer"
        if isinstance(error, PermissionError):
            why = f"the warehouse belongs to {owner_of(warehouse.file)} and may not be read"
    opened = connect_current(settings)
    if opened is None:
        return Ledger(origin=f"nowhere: {why} and there is no snapshot yet", is_complete=False)
    snapshot, connection = opened
    with connection:
        return _of(connection, settings, "reports", f"snapshot {snapshot.name}, because {why}", 0)


def _read_shared(settings: Settings, warehouse: Warehouse) -> Ledger:
    """Read the note if it is about the file as it is, else the file; the caller keeps writers away."""
    from vsf_assets.warehouse.ledger import has_ledger

    number = snapshot_number(current_snapshot(settings))
    key = _key(settings, warehouse, number)
    if key is not None:
        kept = read_note(settings, NOTE)
        if kept.get("key") == key:
            return _from_note(kept)
    with warehouse.read_at_once() as connection:
        if connection is None or not has_ledger(connection):
            return Ledger()
        found = _of(connection, settings, "raw", "the warehouse", number)
    # Whether originals are in the archive is asked each time.
    if key is not None and found.outdated == Outdated() and len(found.rows) + len(found.history.known) <= MOST_KEPT:
        _keep(settings, warehouse, key, found)
    return found


def _of(connection: "DuckDBPyConnection", settings: Settings, schema: str, origin: str, number: int) -> Ledger:
    """Read the ledger of an open warehouse (schema `raw`) or snapshot (schema `reports`)."""
    rows = [
        (*row[:7], row[7].replace(tzinfo=UTC), row[8]) for row in connection.execute(_SQL.format(schema)).fetchall()
    ]
    history = read_history(connection, settings, settings.profile)
    requests, outdated = read_known(connection).requests, _outdated(connection, settings)
    not_published: list[tuple[str, str]] = []
    if schema == "raw" and connection.execute(_HAS_PUBLISHED).fetchone():
        not_published = connection.execute(_NOT_PUBLISHED, [number]).fetchall()
    return Ledger(rows, history, origin, requests, outdated, not_published, is_complete=schema == "raw")


def _outdated(connection: "DuckDBPyConnection", settings: Settings) -> Outdated:
    """Return the originals that the next run reads again, and those that it cannot read."""
    from vsf_assets.warehouse.ledger import read_files

    versions = contract_versions(settings)
    # Do not fetch a long ledger if all its files were read with the current contracts.
    current = [] if versions.encodings else list(versions.by_feed.values())
    found = outdated_files(read_files(connection, "not list_contains(?, contract_version)", (current,)), versions)
    return split_outdated(found, open_store(settings.archive).present({row.archive_path for row in found}))


def _key(settings: Settings, warehouse: Warehouse, number: int) -> dict[str, Any] | None:
    """Return all that the ledger depends on; None if a later write might leave it the same."""
    state = warehouse.form.state_on_disk()
    if state is None or time.time_ns() - max(state[-2:]) < SETTLED_NS:
        return None
    versions = contract_versions(settings)
    return {
        "form": NOTE_FORM,
        "file": list(state),
        "snapshot": number,
        "profile": settings.profile,
        "versions": dict(versions.by_feed),
        "encodings": dict(versions.encodings),
        "profiles": sorted(versions.profiles),
    }


def _keep(settings: Settings, warehouse: Warehouse, key: dict[str, Any], found: Ledger) -> None:
    """Write the note, for the readers that the warehouse has; without it the next command opens the warehouse."""
    history = found.history
    content = {
        "key": key,
        "rows": [(*row[:7], row[7].isoformat(), row[8]) for row in found.rows],
        "known": {name: (k.at.isoformat(), *astuple(k)[1:]) for name, k in history.known.items()},
        "last_scan_at": history.last_scan_at.isoformat() if history.last_scan_at else None,
        "list_sha256": history.list_sha256,
        "lost_list": (history.lost_list[0].isoformat(), history.lost_list[1]) if history.lost_list else None,
        "is_complete": history.is_complete,
        "requests": [(*astuple(r)[:6], r.requested_at.isoformat(), *astuple(r)[7:]) for r in found.requests],
        "not_in_snapshot": found.not_in_snapshot,
    }
    with suppress(OSError):  # another user's home, or a full disk
        write_note(settings, NOTE, content, warehouse.file.stat().st_mode & 0o666)


def _from_note(kept: dict[str, Any]) -> Ledger:
    at = datetime.fromisoformat
    lost = kept["lost_list"]
    history = SourceHistory(
        known={name: KnownObject(at(first), *rest) for name, (first, *rest) in kept["known"].items()},
        last_scan_at=at(kept["last_scan_at"]) if kept["last_scan_at"] else None,
        list_sha256=kept["list_sha256"],
        lost_list=(at(lost[0]), lost[1]) if lost else None,
        is_complete=kept["is_complete"],
    )
    return Ledger(
        rows=[(*row[:7], at(row[7]), row[8]) for row in kept["rows"]],
        history=history,
        requests=[RequestRow(*(*row[:6], at(row[6]), *row[7:])) for row in kept["requests"]],
        not_in_snapshot=[(feed, name) for feed, name in kept["not_in_snapshot"]],
    )
