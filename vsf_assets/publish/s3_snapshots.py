"""Publishes snapshots to a bucket: immutable objects, and a pointer object that is written last.

Here: uploading, listing and removing `vsf-<n>.duckdb` under a prefix, and moving the pointer. Not here: the order of
publishing and the checks (publish.py), which ones are removed (snapshot_pruning.py), and finding and opening one
(snapshots/s3_snapshot.py). An upload to an object store is atomic, so readers never see an incomplete object.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.publish.snapshot_pruning import Pointed, Stored
from vsf_assets.snapshots.s3_snapshot import NAME, POINTER, StoredSnapshot, current_in, open_prefix
from vsf_assets.storage.s3_client import ObjectRefusedError


class SnapshotPrefix:
    """The snapshots under a prefix of a bucket."""

    def __init__(self, address: str):
        self.store = open_prefix(address)

    def current(self) -> StoredSnapshot | None:
        """Return the snapshot that the pointer names; None if there is none. Raises the errors of `current_in`."""
        return current_in(self.store)

    def stored(self) -> dict[int, Stored]:
        """Return number -> snapshot of all that are stored; each was created at the time of its upload."""
        named = ((NAME.match(entry.path), entry) for entry in self.store.every_entry())
        return {int(name.group(1)): Stored(entry.modified, entry.size) for name, entry in named if name}

    def add(self, file: Path, number: int) -> StoredSnapshot:
        """Upload a file as a snapshot to which the pointer does not point yet.

        Raises:
            VsfError: the number is that of the current snapshot, which never changes, or another process uploaded it.
        """
        snapshot = StoredSnapshot(self.store.at(f"vsf-{number}.duckdb"))
        if self.current() == snapshot:
            raise VsfError(f"{snapshot.address} is published already and is never replaced")
        if not self.store.put_new(snapshot.name, file):
            # A publish was interrupted between upload and pointer: the pointer never named this object.
            self.remove(snapshot)
            if not self.store.put_new(snapshot.name, file):
                raise VsfError(f"{snapshot.address}: another process uploaded it; another home uses this prefix")
        return snapshot

    def remove(self, snapshot: StoredSnapshot) -> None:
        """Remove a snapshot."""
        self.store.remove(snapshot.name)

    def point(self, snapshot: StoredSnapshot) -> None:
        """Make a snapshot current by replacing one small object atomically."""
        with self.store.writer(POINTER) as file:
            file.write(snapshot.name.encode())

    def pointed(self) -> Pointed:
        """Return the snapshot that the pointer names, and since when."""
        entry, snapshot = self.store.stat(POINTER), self.current()
        named = NAME.match(snapshot.name) if snapshot else None
        return Pointed(int(named.group(1)), entry.modified) if entry and named else Pointed()

    def remove_all(self, numbers: Iterable[int], log: Callable[[str], None] = lambda _: None) -> list[int]:
        """Remove snapshots, and return the numbers of the removed ones; `log` receives a warning for each other one."""
        removed = []
        for number in numbers:
            try:
                self.remove(StoredSnapshot(self.store.at(f"vsf-{number}.duckdb")))
            except ObjectRefusedError as error:
                log(f"warning: an old snapshot could not be removed: {error}")
            else:
                removed.append(number)
        return removed
