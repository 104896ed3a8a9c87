"""The `Store` interface of landing zone, archive and inbox.

Here: listing, opening, atomic writing and moving of whole files. Not here: what a file means
(feeds/), when it may be read (landing/stability.py), and the same in an object store (catalog/clients/s3.py).
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
    """A place of whole files. Paths are relative, with `/`.

    Attributes:
        workers: how many files it is worth handling at once, because each waits for an answer.
        is_private: whether nobody else writes here, so that a file's state vouches for its content.
    """

    workers: int
    is_private: bool

    def listing(self, folder: str = "") -> Listing:
        """List all folders or one: the files that count, and what is left out (ignored_names.py), with the reasons.

        Raises:
            OSError: the place itself cannot be listed.
        """

    def entries(self, folder: str = "") -> list[Entry]:
        """Return the files of a listing; it does not say what could not be read, so nobody may miss anything by it."""

    def every_entry(self, folder: str = "") -> list[Entry]:
        """Return every file that is not hidden, whatever its name, for whoever concludes that something is absent.

        Raises:
            UnlistedEntryError: something is there that cannot be read.
            OSError: the place itself cannot be listed.
        """

    def stat(self, path: str) -> Entry | None:
        """Return one file's entry, or None if it is not there.

        Raises:
            NotRegularError: it is something else than a file.
            OSError: whether it is there cannot be found out.
        """

    def present(self, paths: Collection[str]) -> set[str]:
        """Return which of these files are there; raises like `stat`, and like `every_entry`."""

    def open(self, path: str, etag: str = "") -> BinaryIO:
        """Open a file for reading, in an object store only in a state.

        Raises:
            FileNotFoundError: it is not there.
            StoredObjectReplacedError: it is in another state.
            NotRegularError: it is something else than a file.
            OSError: it cannot be read.
        """

    def ahead(self, entries: Sequence[Entry]) -> AbstractContextManager[None]:
        """Fetch small files before they are opened, which is to be done in this order and once each."""

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Write a file that appears under its name only when complete."""

    def copy_within(self, seen: Entry, target: "Store", target_path: str) -> bool:
        """Let the store copy a file to another place of its own; return False where it cannot.

        Raises:
            FileNotFoundError, ReplacedError: it is not there any more in the state that was seen.
        """

    def remove(self, path: str, etag: str = "") -> None:
        """Remove a file and, first, its marker; a missing one is not an error, and another state stays."""

    def remove_marker(self, path: str) -> None:
        """Remove a file's marker; a missing one is not an error."""

    def local_path(self, path: str) -> Path | None:
        """Return where the file lies on this machine, or None if it does not."""


def probably_present(store: Store, paths: Collection[str]) -> set[str]:
    """Return which of these files are there, with those that cannot be checked: whoever reads one finds out.

    Raises:
        OSError: the place as a whole cannot be reached.
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
    """Whether an error says something of one file; not where a store is down or a disk is full."""
    from vsf_assets.storage.s3_client import ObjectError, ObjectStoreError

    if isinstance(error, ObjectStoreError):
        return isinstance(error, ObjectError)
    return is_private_error(error)
