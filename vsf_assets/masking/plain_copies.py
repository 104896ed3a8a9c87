"""Finds the files that SQL asks: snapshots that hold their rows, and copies of those that only name data files.

Here: the place and the names of these copies. Not here: making one (masked_copy.py), keeping them (keep_copies.py), and
who may ask them (portal/data/queried_snapshot.py).

A query that a person wrote runs in a process that may open no file besides the one it has open. So a snapshot that is a
catalog of data files has a copy that holds the rows, as `plain/vsf-<n>.duckdb` beside the snapshots, in their folder or
bucket.
"""

from collections.abc import Mapping
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.masking.masked_snapshots import PLAIN, is_copy_of
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot, open_prefix
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms.published import holds_own_rows


def plain_place(settings: Settings) -> str:
    """Return the folder of the copies."""
    return f"{settings.snapshots}/{PLAIN}"


def needs_copy(snapshot: Snapshot) -> bool:
    """Whether a snapshot names rows that other files hold.

    Raises:
        VsfError, OSError: it cannot be opened.
    """
    import duckdb

    try:
        return not holds_own_rows(snapshot if isinstance(snapshot, Path) else snapshot.address)
    except duckdb.Error as error:
        raise VsfError(f"the snapshot {snapshot.name} cannot be opened: {error}") from error


def plain_snapshots(settings: Settings, published: Mapping[int, Snapshot]) -> dict[int, Snapshot]:
    """Return the files that SQL without masks asks, of published snapshots, by number, oldest first.

    Raises:
        OSError, VsfError: a snapshot cannot be opened.
    """
    place = plain_place(settings)
    copies = copies_in(place)
    if not settings.lake and not copies:
        return dict(published)  # there never was one that needs a copy
    found: dict[int, Snapshot] = {}
    for number, snapshot in published.items():
        copy = copies.get(snapshot.name)
        if not needs_copy(snapshot):
            found[number] = snapshot
        elif copy is not None and (not isinstance(copy, Path) or is_copy_of(copy, Path(settings.snapshots, copy.name))):
            found[number] = copy
    return found


def copies_in(place: str) -> dict[str, Snapshot]:
    """Return the files of a folder of copies, in a folder or a bucket, by name."""
    if is_address(place):
        store = open_prefix(place)
        return {entry.path: StoredSnapshot(store.at(entry.path)) for entry in store.every_entry()}
    folder = Path(place)
    return {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
