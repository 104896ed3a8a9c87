"""Finds snapshots in a bucket.

Here: the pointer object `current`, which holds the name of the current snapshot, an immutable object `vsf-<n>.duckdb`,
and these names. Not here: uploading and removing (publish/s3_snapshots.py), and opening one (connect.py).
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsf_assets.common.errors import VsfError

if TYPE_CHECKING:
    from vsf_assets.storage.s3 import ObjectStore

POINTER = "current"
NAME = re.compile(r"^vsf-(\d+)(?:-e(\d+))?\.duckdb$")
"""Names of snapshots: the number of the build, and where several machines build, the epoch of the build lock."""


def name_of(number: int, epoch: int = 0) -> str:
    """Return the name of a snapshot; an epoch of 0 is left out."""
    return f"vsf-{number}-e{epoch}.duckdb" if epoch else f"vsf-{number}.duckdb"


def number_of(name: str) -> int:
    """Return the number in a snapshot's name; 0 for none."""
    named = NAME.match(name)
    return int(named.group(1)) if named else 0


def epoch_of(name: str) -> int:
    """Return the epoch in a snapshot's name; 0 for none."""
    named = NAME.match(name)
    return int(named.group(2) or 0) if named else 0


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
        """Size in bytes; 0 if the object no longer exists."""
        place, _, name = self.address.rpartition("/")
        entry = open_prefix(place).stat(name)
        return entry.size if entry else 0


def current_in(store: "ObjectStore") -> StoredSnapshot | None:
    """Return the snapshot that the pointer names; None if there is no pointer.

    Raises:
        VsfError: the pointer does not hold a snapshot's name.
    """
    try:
        with store.open(POINTER) as file:
            content = file.read(200)
    except FileNotFoundError:
        return None
    return named_in(store, content)


def named_in(store: "ObjectStore", content: bytes) -> StoredSnapshot:
    """Return the snapshot that the content of a pointer names.

    Raises:
        VsfError: the content is not a snapshot's name.
    """
    name = content.decode(errors="replace").strip()
    if not NAME.match(name):
        raise VsfError(f"{store.at(POINTER)} holds {name!r} and not a name like vsf-1.duckdb; correct it")
    return StoredSnapshot(store.at(name))


def open_prefix(address: str) -> "ObjectStore":
    """Return the store of a prefix; the import is local, so that snapshots in a folder do not load the S3 client."""
    from vsf_assets.storage.s3 import ObjectStore

    return ObjectStore(address)
