"""Copies of snapshots from a bucket on this host: each is fetched once, for all processes of the host.

Here: fetching under a lock, lending a copy to another process, and removing earlier copies. Not here: which snapshot is
the current one (pointer_watch.py), and opening the file (open_snapshot.py).

Pages ask many small questions, and a bucket may hang: queries of a portal therefore never read from it. A copy is named
by the snapshot and the tag of its object, so that another object of the same name is fetched anew.
"""

import hashlib
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_file
from vsf_assets.common.errors import VsfError
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot, open_prefix
from vsf_assets.warehouse.lock import hold_lock

_PATIENCE = 600.0
"""Seconds to wait for another process of this host that fetches a snapshot."""

_PART = 1024 * 1024

_LENT = "lent"
"""Folder in that of copies, with a folder per copy that is lent."""

_LENT_FOR = 3600.0
"""Seconds after which a copy is no longer lent: its borrower was killed."""


def host_copy(snapshot: StoredSnapshot, folder: Path) -> Path:
    """Return the copy of a snapshot on this host, and fetch it if there is none.

    Args:
        snapshot: in a bucket.
        folder: of copies; all processes of the host that read snapshots name the same.

    Raises:
        VsfError, OSError: it cannot be fetched.
    """
    place, _, name = snapshot.address.rpartition("/")
    store = open_prefix(place)
    entry = store.stat(name)
    if entry is None:
        raise VsfError(f"{snapshot.address} does not exist any more")
    tag = hashlib.sha256(f"{place} {entry.etag} {entry.size}".encode()).hexdigest()[:16]
    file = folder / f"{tag}-{name}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists():
        return file
    with hold_lock(folder / "fetch.lock", f"fetching {name}", _PATIENCE, what="snapshots of this host"):
        if not file.exists():
            with store.open(name, entry.etag) as source, atomic_file(file, mode=0o600, is_durable=False) as target:
                shutil.copyfileobj(source, target, _PART)
            _remove_earlier(folder, file)
    return file


@contextmanager
def lent_copy(snapshot: StoredSnapshot, folder: Path) -> Iterator[Path]:
    """Give the copy of a snapshot under the snapshot's own name for a block, in which nobody removes it.

    Another process removes an earlier copy at any moment; what is lent is a second name of the same file.

    Raises:
        VsfError, OSError: it cannot be fetched.
    """
    own = folder / _LENT / secrets.token_hex(16)
    for is_last in (False, True):
        copy = host_copy(snapshot, folder)
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            (own / snapshot.name).hardlink_to(copy)
            break
        except FileNotFoundError:  # removed since
            if is_last:
                raise
    try:
        yield own / snapshot.name
    finally:
        shutil.rmtree(own, ignore_errors=True)
        _remove_unreturned(own.parent)


def _remove_unreturned(folder: Path) -> None:
    """Remove what killed processes had lent."""
    before = time.time() - _LENT_FOR
    for own in folder.iterdir():
        with suppress(FileNotFoundError):
            if own.stat().st_mtime < before:
                shutil.rmtree(own, ignore_errors=True)


def _remove_earlier(folder: Path, kept: Path) -> None:
    """Remove other copies; who has one open reads on."""
    for file in folder.glob("*.duckdb"):
        if file != kept:
            with suppress(FileNotFoundError):
                file.unlink()
