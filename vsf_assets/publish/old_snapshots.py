"""Removes old snapshots, in a folder or in a bucket.

Here: listing the stored snapshots, and removing those that are no longer kept, with their masked copies. Not here:
which ones (snapshot_pruning.py), and the order of publishing (publish.py). It needs no lock: a publish that runs
meanwhile only adds a snapshot that is newer than the current one.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import status_of
from vsf_assets.config.settings import Settings
from vsf_assets.masking.masked_snapshots import StoredCopy, every_copy, remove_copy
from vsf_assets.publish.s3_snapshots import SnapshotPrefix
from vsf_assets.publish.snapshot_pruning import Pointed, SnapshotLimits, Stored, removable
from vsf_assets.snapshots.current import POINTER, snapshot_number
from vsf_assets.snapshots.s3_snapshot import NAME, epoch_of
from vsf_assets.storage.s3_client import is_address


def limits_of(settings: Settings) -> SnapshotLimits:
    """Return what the settings keep."""
    return SnapshotLimits(settings.keep_snapshots, settings.keep_snapshot_hours, settings.keep_snapshot_bytes)


def snapshots_in(folder: Path) -> list[Path]:
    """Return the snapshots in a folder; raises OSError if the folder cannot be listed."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [folder / name for name in names if NAME.match(name)]


def kept_snapshots(settings: Settings) -> list[Path | str]:
    """Return all stored snapshots, or their addresses in a bucket.

    Raises:
        ObjectStoreError, OSError: folder or bucket cannot be listed.
    """
    if is_address(settings.snapshots):
        return [*SnapshotPrefix(settings.snapshots).addresses()]
    return [*snapshots_in(Path(settings.snapshots))]


def pointed_in(folder: Path) -> Pointed:
    """Return the snapshot that the pointer in a folder names, and since when."""
    link = folder / POINTER
    try:
        return Pointed(snapshot_number(folder / link.readlink()), _at(link.lstat().st_mtime))
    except FileNotFoundError:
        return Pointed()


def prune(
    settings: Settings,
    log: Callable[[str], None] = lambda _: None,
    *,
    published: int | None = None,
    before: Pointed | None = None,
    now: datetime | None = None,
    dry_run: bool = False,
) -> list[int]:
    """Remove the snapshots that are no longer kept, and return their sizes in bytes.

    Args:
        settings: place and limits.
        log: receives a warning for each snapshot that cannot be removed; the others are removed.
        published: number of the snapshot that became current just now; by default the pointer is read.
        before: the snapshot that was current before, with `published`.
        now: the time, UTC; by default the present.
        dry_run: whether to remove nothing, and return what would be removed.

    Raises:
        ObjectStoreError, VsfError: the bucket cannot be listed, or its pointer is invalid.
    """
    at, limits = now or datetime.now(UTC), limits_of(settings)
    copies = every_copy(settings.snapshots)  # before the snapshots: who publishes meanwhile adds to both
    beside = Counter[int]()
    for copy in copies:
        beside[copy.number] += copy.size
    if is_address(settings.snapshots):
        prefix = SnapshotPrefix(settings.snapshots)
        stored = _with_copies(prefix.stored(), beside)
        pointed = before or prefix.pointed()
        old = removable(stored, published or pointed.number, pointed, limits, at)
        gone = old if dry_run else prefix.remove_all(old, log)
    else:
        folder = Path(settings.snapshots)
        pointed = before or pointed_in(folder)
        try:
            paths = sorted(snapshots_in(folder), key=lambda path: epoch_of(path.name))
            found = {snapshot_number(path): _stored(path) for path in paths}
        except OSError as error:
            # Without the age of each snapshot it is not known how long the one before it was current.
            log(f"warning: no old snapshot was removed: {error.filename}: {error.strerror}; remove it by hand")
            return []
        stored = _with_copies(found, beside)
        old = removable(stored, published or pointed.number, pointed, limits, at)
        of_number = {number: [path for path in paths if snapshot_number(path) == number] for number in old}
        gone = [number for number in old if dry_run or all(_remove(path, log) for path in of_number[number])]
    if not dry_run:
        left = stored.keys() - set(gone)
        _remove_copies(settings.snapshots, [copy for copy in copies if copy.number not in left], log)
    return [stored[number].size for number in gone]


def _with_copies(stored: Mapping[int, Stored], beside: Mapping[int, int]) -> dict[int, Stored]:
    """Return the snapshots with the sizes of their masked copies added, which go when they go."""
    return {number: replace(one, size=one.size + beside.get(number, 0)) for number, one in stored.items()}


def _remove_copies(place: str, copies: Iterable[StoredCopy], log: Callable[[str], None]) -> None:
    for copy in copies:
        try:
            remove_copy(place, copy)
        except (OSError, VsfError) as error:
            log(f"warning: the masked copy {copy.path} could not be removed: {error}; remove it by hand")


def _stored(path: Path) -> Stored:
    status = status_of(path)
    return Stored(_at(status.st_mtime), status.st_size)


def _remove(path: Path, log: Callable[[str], None]) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log(f"warning: the old snapshot {path} could not be removed: {error.strerror}; remove it by hand")
        return False
    return True


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
