"""Publishes snapshots to a bucket: immutable objects, and a pointer object that is written last.

Here: uploading, finding, opening and pruning `vsf-<n>.duckdb` under a prefix, and the object
`current`, which holds the name of the current one. Not here: when they are made and how they are
checked (publish.py). An upload is all or nothing, so no name ever shows half a file.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError
from vsf_assets.publish.snapshot_pruning import Pointed
from vsf_assets.storage.s3_client import ObjectRefusedError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from vsf_assets.storage.s3 import ObjectStore

POINTER = "current"
_NAME = re.compile(r"^vsf-(\d+)\.duckdb$")


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot in an object store.

    Attributes:
        address: `s3://bucket/prefix/vsf-<n>.duckdb`.
    """

    address: str

    @property
    def name(self) -> str:
        """The object's own name."""
        return self.address.rsplit("/", 1)[-1]

    @property
    def size(self) -> int:
        """Bytes; 0 where it is gone."""
        place, _, name = self.address.rpartition("/")
        entry = _store(place).stat(name)
        return entry.size if entry else 0

    def connect(self) -> "DuckDBPyConnection":
        """Open it read-only."""
        from vsf_assets.publish.httpfs import connect_object

        return connect_object(self.address, self.name.removesuffix(".duckdb"))


class SnapshotPrefix:
    """The snapshots under a prefix of a bucket."""

    def __init__(self, address: str):
        self.store = _store(address)

    def current(self) -> StoredSnapshot | None:
        """Return the snapshot the pointer names; None where there is none.

        Raises:
            VsfError: the pointer does not hold a snapshot's name.
        """
        try:
            with self.store.open(POINTER) as file:
                name = file.read(200).decode(errors="replace").strip()
        except FileNotFoundError:
            return None
        if not _NAME.match(name):
            raise VsfError(f"{self.store.at(POINTER)} holds {name!r} and not a name like vsf-1.duckdb; mend it")
        return StoredSnapshot(self.store.at(name))

    def numbers(self) -> dict[int, datetime]:
        """Return the numbers of the snapshots that are there, with the times they were uploaded."""
        named = ((_NAME.match(entry.path), entry.modified) for entry in self.store.every_entry())
        return {int(name.group(1)): at for name, at in named if name}

    def add(self, file: Path, number: int) -> StoredSnapshot:
        """Upload a file as a snapshot that nobody sees yet.

        Raises:
            VsfError: it is the current one, which never changes.
        """
        snapshot = StoredSnapshot(self.store.at(f"vsf-{number}.duckdb"))
        if self.current() == snapshot:
            raise VsfError(f"{snapshot.address} is published already and is never replaced")
        if not self.store.put_new(snapshot.name, file):
            # A publish was interrupted between the upload and the pointer: no reader was ever sent there.
            self.remove(snapshot)
            if not self.store.put_new(snapshot.name, file):
                raise VsfError(f"{snapshot.address}: someone else put it there; another home publishes to this prefix")
        return snapshot

    def remove(self, snapshot: StoredSnapshot) -> None:
        """Remove a snapshot."""
        self.store.remove(snapshot.name)

    def point(self, snapshot: StoredSnapshot) -> None:
        """Make a snapshot current: one small object is replaced, as a whole."""
        with self.store.writer(POINTER) as file:
            file.write(snapshot.name.encode())

    def pointed(self) -> Pointed:
        """Return what the pointer names, and since when."""
        entry, snapshot = self.store.stat(POINTER), self.current()
        named = _NAME.match(snapshot.name) if snapshot else None
        return Pointed(int(named.group(1)), entry.modified) if entry and named else Pointed()

    def remove_all(self, numbers: Iterable[int], log: Callable[[str], None] = lambda _: None) -> None:
        """Remove snapshots; `log` gets what could not be removed, which holds no other back."""
        for number in numbers:
            try:
                self.remove(StoredSnapshot(self.store.at(f"vsf-{number}.duckdb")))
            except ObjectRefusedError as error:
                log(f"warning: an old snapshot could not be removed: {error}")


def _store(address: str) -> "ObjectStore":
    """Return the store; who keeps snapshots in a folder does not load it."""
    from vsf_assets.storage.s3 import ObjectStore

    return ObjectStore(address)
