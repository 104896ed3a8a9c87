"""Publishes snapshots to a bucket: immutable objects, and a pointer object that is written last.

Here: uploading, listing and removing `vsf-<n>.duckdb` under a prefix, and moving the pointer. Not here: the order of
publishing and the checks (publish.py), which ones are removed (snapshot_pruning.py), and finding and opening one
(snapshots/s3_snapshot.py). An upload to an object store is atomic, so readers never see an incomplete object.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

from vsf_assets.common.errors import LockLostError, VsfError
from vsf_assets.publish.snapshot_pruning import Pointed, Stored
from vsf_assets.snapshots.s3_snapshot import (
    NAME,
    POINTER,
    StoredSnapshot,
    current_in,
    epoch_of,
    name_of,
    number_of,
    open_prefix,
)
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.s3_client import ObjectRefusedError, StoredObjectReplacedError


class SnapshotPrefix:
    """The snapshots under a prefix of a bucket."""

    def __init__(self, address: str):
        self.store = open_prefix(address)

    def current(self) -> StoredSnapshot | None:
        """Return the snapshot that the pointer names; None if there is none. Raises the errors of `current_in`."""
        return current_in(self.store)

    def stored(self) -> dict[int, Stored]:
        """Return number -> snapshot of all that are stored; each was created at the time of its upload."""
        found: dict[int, Stored] = {}
        for entry in sorted(self._snapshots(), key=lambda entry: epoch_of(entry.path)):
            number = number_of(entry.path)
            size = entry.size + (found[number].size if number in found else 0)
            found[number] = Stored(entry.modified, size)
        return found

    def addresses(self) -> list[str]:
        """Return the addresses of all that are stored."""
        return [self.store.at(entry.path) for entry in self._snapshots()]

    def _snapshots(self) -> list[Entry]:
        return [entry for entry in self.store.every_entry() if NAME.match(entry.path)]

    def add(self, file: Path, number: int, epoch: int = 0) -> StoredSnapshot:
        """Upload a file as a snapshot to which the pointer does not point yet.

        Raises:
            VsfError: the number is that of the current snapshot, which never changes, or another process uploaded it.
        """
        snapshot = StoredSnapshot(self.store.at(name_of(number, epoch)))
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

    def state(self) -> str:
        """Return the state of the pointer, for `point`; empty if there is none."""
        entry = self.store.stat(POINTER)
        return entry.etag if entry else ""

    def point(self, snapshot: StoredSnapshot, seen: str | None = None) -> None:
        """Make a snapshot current by replacing one small object atomically.

        Args:
            snapshot: the snapshot.
            seen: the state of the pointer before the snapshot was made, where several machines publish; None where one
                does. If it has changed since, the later epoch counts.

        Raises:
            LockLostError: a builder of a later epoch has published meanwhile.
        """
        if seen is None:
            with self.store.writer(POINTER) as file:
                file.write(snapshot.name.encode())
            return
        content = snapshot.name.encode()
        while True:
            condition = {"IfMatch": f'"{seen}"'} if seen else {"IfNoneMatch": "*"}
            try:
                self.store.put(POINTER, BytesIO(content), len(content), **condition)
            except (StoredObjectReplacedError, FileNotFoundError):
                seen = self.state()
                current = self.current()
                if current is not None and epoch_of(current.name) > epoch_of(snapshot.name):
                    raise LockLostError(
                        f"{current.name} was published meanwhile by a process that took the build lock later;"
                        f" {snapshot.name} is not published"
                    ) from None
            else:
                return

    def pointed(self) -> Pointed:
        """Return the snapshot that the pointer names, and since when."""
        entry, snapshot = self.store.stat(POINTER), self.current()
        named = NAME.match(snapshot.name) if snapshot else None
        return Pointed(int(named.group(1)), entry.modified) if entry and named else Pointed()

    def remove_all(self, numbers: Iterable[int], log: Callable[[str], None] = lambda _: None) -> list[int]:
        """Remove snapshots, and return the numbers of the removed ones; `log` receives a warning for each other one."""
        removed = []
        names = {entry.path: number_of(entry.path) for entry in self._snapshots()}
        for number in numbers:
            try:
                for name in (name for name, its_number in names.items() if its_number == number):
                    self.remove(StoredSnapshot(self.store.at(name)))
            except ObjectRefusedError as error:
                log(f"warning: an old snapshot could not be removed: {error}")
            else:
                removed.append(number)
        return removed
