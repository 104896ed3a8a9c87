"""Finds the files that SQL asks: snapshots that hold their rows, and copies of those that only name data files.

Here: the place and the names of these copies. Not here: making one (masked_copy.py), keeping them (keep_copies.py), and
who may ask them (portal/data/queried_snapshot.py).

A query that a person wrote runs in a process that may open no file besides the one it has open. So a snapshot that is a
catalog of data files has a copy that holds the rows, as `plain/vsf-<n>.duckdb` beside the snapshots.
"""

from collections.abc import Mapping
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.masking.masked_snapshots import PLAIN, is_copy_of
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.warehouse.forms.published import holds_own_rows


def plain_place(settings: Settings) -> str:
    """Return the folder of the copies."""
    return f"{settings.snapshots}/{PLAIN}"


def needs_copy(snapshot: Snapshot) -> bool:
    """Whether a snapshot names rows that other files hold; one in a bucket never does.

    Raises:
        VsfError, OSError: it cannot be opened.
    """
    import duckdb

    try:
        return isinstance(snapshot, Path) and not holds_own_rows(snapshot)
    except duckdb.Error as error:
        raise VsfError(f"the snapshot {snapshot.name} cannot be opened: {error}") from error


def plain_snapshots(settings: Settings, published: Mapping[int, Snapshot]) -> dict[int, Snapshot]:
    """Return the files that SQL without masks asks, of published snapshots, by number, oldest first.

    Raises:
        OSError, VsfError: a snapshot cannot be opened.
    """
    place = Path(plain_place(settings))
    if not settings.lake and not place.is_dir():
        return dict(published)  # there never was one that needs a copy
    found: dict[int, Snapshot] = {}
    for number, snapshot in published.items():
        if not needs_copy(snapshot):
            found[number] = snapshot
        elif isinstance(snapshot, Path) and is_copy_of(place / snapshot.name, snapshot):
            found[number] = place / snapshot.name
    return found
