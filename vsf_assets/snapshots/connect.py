"""Opens snapshots read-only.

Here: opening a given snapshot, or the current one. Not here: queries (reports/, cli/query.py).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.current import Snapshot, current_snapshot
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot
from vsf_assets.warehouse.forms.published import connect_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect_snapshot(snapshot: Snapshot, lake: str = "") -> "DuckDBPyConnection":
    """Open a snapshot read-only, without downloads; the caller closes it.

    Args:
        snapshot: in a folder or in a bucket.
        lake: place of the data files of all snapshots, by the settings (published.attach_published).

    Raises:
        duckdb.Error, OSError: it cannot be opened.
        VsfError: its data files are not there.
    """
    return connect_published(snapshot.address if isinstance(snapshot, StoredSnapshot) else snapshot, lake)


def connect_current(settings: Settings) -> "tuple[Snapshot, DuckDBPyConnection] | None":
    """Open the current snapshot read-only; the caller closes it. None if no snapshot was published yet.

    If the snapshot is removed between resolving the pointer and opening it, the pointer is resolved once more.

    Raises:
        duckdb.Error, OSError: the snapshot cannot be opened.
    """
    import duckdb

    for is_last in (False, True):
        snapshot = current_snapshot(settings)
        if snapshot is None or (isinstance(snapshot, Path) and is_last and not snapshot.exists()):
            return None
        try:
            return snapshot, connect_snapshot(snapshot, settings.lake)
        except (duckdb.Error, OSError, VsfError):
            if is_last or not _is_gone(snapshot):
                raise
    return None


def _is_gone(snapshot: Snapshot) -> bool:
    return snapshot.size == 0 if isinstance(snapshot, StoredSnapshot) else not snapshot.exists()
