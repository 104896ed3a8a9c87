"""Finds the masked copies of snapshots, in a folder or in a bucket.

Here: their places and names. Not here: making one (masked_copy.py), and who asks them
(portal/data/queried_snapshot.py).

They stand beside the snapshots as `masked/<mark>/vsf-<n>.duckdb`. The mark is made of the key of pseudonyms and of the
declared personal columns: with another key, or another column declared, no copy that was made before is found.
"""

import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.contracts.personal import personal_names, quoting_names
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.snapshots.s3_snapshot import NAME, StoredSnapshot, open_prefix
from vsf_assets.storage.s3_client import is_address

FOLDER = "masked"
"""Folder of all masked copies in the place of the snapshots."""

PLAIN = "plain"
"""Folder there of copies that are not masked (plain_copies.py)."""

RULES = 1
"""Number of the rules by which copies are made; another number makes all of them anew."""

_MARK_DIGITS = 16


@cache
def mark_of(key: bytes) -> str:
    """Return the mark of the copies that are made with a key of pseudonyms, by the present declarations."""
    declared = [RULES, sorted(personal_names().items()), sorted(quoting_names())]
    return hmac.digest(key, b"masked copies " + json.dumps(declared).encode(), "sha256").hex()[:_MARK_DIGITS]


def place_of(settings: Settings, mark: str) -> str:
    """Return the folder, or the prefix of a bucket, of the copies with a mark."""
    return f"{settings.snapshots}/{FOLDER}/{mark}"


def is_copy_of(copy: Path, snapshot: Path) -> bool:
    """Whether a file is the masked copy of a snapshot in a folder: it has the time of the file that it was made of."""
    try:
        return copy.stat().st_mtime_ns == snapshot.stat().st_mtime_ns
    except FileNotFoundError:
        return False


def masked_snapshots(settings: Settings, mark: str, published: Mapping[int, Snapshot]) -> dict[int, Snapshot]:
    """Return the masked copies with a mark of published snapshots, by number, oldest first.

    Raises:
        OSError, VsfError: the place cannot be listed.
    """
    place = place_of(settings, mark)
    if is_address(place):
        store = open_prefix(place)
        names = {entry.path for entry in store.every_entry()}
        return {n: StoredSnapshot(store.at(own.name)) for n, own in published.items() if own.name in names}
    copies = {number: Path(place) / own.name for number, own in published.items() if isinstance(own, Path)}
    return {number: copy for number, copy in copies.items() if is_copy_of(copy, Path(settings.snapshots) / copy.name)}


@dataclass(frozen=True)
class StoredCopy:
    """A masked or plain copy: number of its snapshot, path below the place of the snapshots, and bytes."""

    number: int
    path: str
    size: int


def every_copy(snapshots: str) -> list[StoredCopy]:
    """Return all masked copies at a place of snapshots, with any mark, and the plain ones.

    Raises:
        OSError, VsfError: the place cannot be listed.
    """
    if is_address(snapshots):
        store = open_prefix(snapshots)
        sizes = {entry.path: entry.size for folder in (FOLDER, PLAIN) for entry in store.every_entry(folder)}
    else:
        folder = Path(snapshots)
        files = [*(folder / FOLDER).glob("*/*"), *(folder / PLAIN).glob("*")]
        files = [path for path in files if NAME.match(path.name)]
        sizes = {str(path.relative_to(folder)): _size(path) for path in files}
    named = [(path, size, NAME.match(path.rpartition("/")[2])) for path, size in sorted(sizes.items())]
    return [StoredCopy(int(match.group(1)), path, size) for path, size, match in named if match]


def remove_copy(snapshots: str, copy: StoredCopy) -> None:
    """Remove a masked or plain copy.

    Raises:
        OSError, ObjectRefusedError: it cannot be removed.
    """
    if is_address(snapshots):
        open_prefix(snapshots).remove(copy.path)
        return
    (Path(snapshots) / copy.path).unlink(missing_ok=True)
    with suppress(OSError):  # of an earlier mark, and empty now
        (Path(snapshots) / copy.path).parent.rmdir()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
