"""The `Store` interface of landing zone, archive and inbox.

Here: listing, opening, atomic writing and moving of whole files. Not here: the meaning of files (feeds/), the decision
when a file may be read (landing/stability.py), and sources that are fetched (catalog/clients/).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import is_private_error
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.listing import Listing


class Store(Protocol):
    """A folder or bucket prefix that holds whole files. Paths are relative, with `/`.

    Attributes:
        workers: useful number of parallel requests; more than 1 if each request waits for a server.
        is_private: whether only the platform writes here, so that an unchanged state means unchanged content.
    """

    workers: int
    is_private: bool

    def listing(self, folder: str = "") -> Listing:
        """List all folders or one: the files, and the entries that are left out (ignored_names.py), with the reasons.

        Raises:
            OSError: the store itself cannot be listed.
        """

    def entries(self, folder: str = "") -> list[Entry]:
        """Return the files of a listing; unreadable entries are missing, so absence here does not mean absence."""

    def every_entry(self, folder: str = "") -> list[Entry]:
        """Return all files that are not hidden, whatever their names, for callers that conclude that a file is absent.

        Raises:
            UnlistedEntryError: an entry cannot be read.
            OSError: the store itself cannot be listed.
        """

    def stat(self, path: str) -> Entry | None:
        """Return the entry of one file, or None if it does not exist.

        Raises:
            NotRegularError: it is not a regular file.
            OSError: its state cannot be read.
        """

    def present(self, paths: Collection[str]) -> set[str]:
        """Return those of the files that exist; raises like `stat` and `every_entry`."""

    def open(self, path: str, etag: str = "") -> BinaryIO:
        """Open a file for reading; in an object store only if it has the given ETag.

        Raises:
            FileNotFoundError: the file does not exist.
            StoredObjectReplacedError: it has another ETag.
            NotRegularError: it is not a regular file.
            OSError: it cannot be read.
        """

    def ahead(self, entries: Sequence[Entry]) -> AbstractContextManager[None]:
        """Prefetch small files; the caller opens each file once, in the given order."""

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Write a file atomically: it appears under its name only when it is complete."""

    def copy_within(self, seen: Entry, target: "Store", target_path: str) -> bool:
        """Copy a file inside the store, without a download; return False if the store cannot.

        Raises:
            FileNotFoundError: the file no longer exists.
            StoredObjectReplacedError: its state is no longer that of `seen`.
        """

    def remove(self, path: str, etag: str = "") -> None:
        """Remove a file, after its marker; a missing file is not an error, and a file with another ETag stays."""

    def remove_marker(self, path: str) -> None:
        """Remove a file's marker; a missing marker is not an error."""

    def local_path(self, path: str) -> Path | None:
        """Return the file's path on this machine, or None if the store is remote."""


def probably_present(store: Store, paths: Collection[str]) -> set[str]:
    """Return those of the files that exist or cannot be checked; reading the latter raises their error.

    Raises:
        OSError: the store as a whole cannot be reached.
    """
    try:
        return store.present(paths)
    except (OSError, VsfError):
        return {path for path in paths if _may_be_there(store, path)}


def _may_be_there(store: Store, path: str) -> bool:
    try:
        return store.stat(path) is not None
    except OSError as error:
        if not is_about_one_file(error):
            raise
        return True


def is_about_one_file(error: OSError) -> bool:
    """Whether an error concerns one file only, unlike a store that is down or a full disk."""
    from vsf_assets.storage.s3_client import ObjectError, ObjectStoreError

    if isinstance(error, ObjectStoreError):
        return isinstance(error, ObjectError)
    return is_private_error(error)
