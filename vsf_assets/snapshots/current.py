"""Finds the current snapshot: the one that the pointer names, in a folder or in a bucket.

Here: resolving the pointer, the names of snapshots, and whether they are copies. Not here: opening one (connect.py),
and moving the pointer (publish/publish.py).
"""

from contextlib import suppress
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.s3_snapshot import NAME, StoredSnapshot, current_in, epoch_of, number_of, open_prefix
from vsf_assets.storage.home_cache import read_note, write_note
from vsf_assets.storage.s3_client import is_address

Snapshot = Path | StoredSnapshot

POINTER = "current.duckdb"
_COPY_NOTE = "snapshot-copy"


def current_snapshot(settings: Settings) -> Snapshot | None:
    """Return the snapshot that the pointer names, under its own versioned name; None if there is no pointer."""
    if is_address(settings.snapshots):
        return current_in(open_prefix(settings.snapshots))
    pointer = Path(settings.snapshots) / POINTER
    try:
        return pointer.parent / pointer.readlink()
    except FileNotFoundError:
        return None


def published_snapshots(settings: Settings) -> dict[int, Snapshot]:
    """Return the snapshots that are still there by number, oldest first; a copy that is not published yet is none."""
    newest = snapshot_number(current_snapshot(settings))
    place = settings.snapshots
    if is_address(place):
        store = open_prefix(place)
        names: dict[str, Snapshot] = {e.path: StoredSnapshot(store.at(e.path)) for e in store.every_entry()}
    else:
        folder = Path(place)
        names = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    # Of two with one number, the builder that was overtaken left the one of the earlier epoch.
    by_epoch = sorted((name for name in names if NAME.match(name)), key=epoch_of)
    numbered = {snapshot_number(names[name]): names[name] for name in by_epoch}
    return {number: numbered[number] for number in sorted(numbered) if number <= newest}


def snapshot_number(snapshot: Snapshot | None) -> int:
    """Return the number in a snapshot's name; 0 for none."""
    return number_of(snapshot.name) if snapshot else 0


def snapshot_bytes(snapshot: Snapshot) -> int:
    """Return the size of a snapshot in bytes."""
    return snapshot.size if isinstance(snapshot, StoredSnapshot) else snapshot.stat().st_size


def note_copy(settings: Settings, shares_blocks: bool) -> None:
    """Keep whether the newest snapshot shares its blocks with the warehouse, for `vsf status`."""
    with suppress(OSError):  # it is published; a note that is lost costs a line
        write_note(settings, _COPY_NOTE, {"shares_blocks": shares_blocks})


def shares_blocks(settings: Settings) -> bool | None:
    """Return whether the newest snapshot shares its blocks with the warehouse; None if unknown, or in a bucket."""
    found = None if is_address(settings.snapshots) else read_note(settings, _COPY_NOTE).get("shares_blocks")
    return found if isinstance(found, bool) else None
