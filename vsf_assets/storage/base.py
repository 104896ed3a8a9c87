"""Where files live: the interface of the landing zone and the archive, and its folder form.

Here: listing, opening, atomic writing and moving of whole files. Not here: what a file means
(feeds/), when it may be read (settle.py), and the same in an object store (object_store.py).
"""

import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from vsf_assets.common.errors import VsfError
from vsf_assets.common.regular_files import NotRegularError, is_private_error, open_regular, status_of
from vsf_assets.storage.ignored_names import DONE_SUFFIX
from vsf_assets.storage.listing import Listing, UnlistedEntryError
from vsf_assets.storage.s3_client import is_address

__all__ = ["DONE_SUFFIX", "Entry", "FolderStore", "NotRegularError", "Store"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file as a listing shows it.

    Attributes:
        path: path relative to the store, with `/`.
        size: bytes.
        modified: modified time, UTC, to the microsecond.
        has_done: whether a `<name>.done` marker stands beside it.
        etag: in an object store, what changes with the content; empty in a folder.
    """

    path: str
    size: int
    modified: datetime
    has_done: bool = False
    etag: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rsplit("/", 1)[-1]

    def same_state(self, other: "Entry | None") -> bool:
        """Whether a later look shows the same file in the same state."""
        return other is not None and (self.path, self.size, self.modified, self.etag) == (
            other.path,
            other.size,
            other.modified,
            other.etag,
        )


class Store(Protocol):
    """A place of whole files. Paths are relative, with `/`.

    Attributes:
        workers: how many files it is worth handling at once, because each waits for an answer.
        is_private: whether nobody else writes here, so that a file's state vouches for its content.
    """

    workers: int
    is_private: bool

    def listing(self, folder: str = "") -> Listing:
        """List all folders or one: the files that count, and what is left out (names.py), with the reasons.

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
            ReplacedError: it is in another state.
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


def modified_time(nanoseconds: int) -> datetime:
    """Return a UTC time to the microsecond (cut, not rounded) of a time in nanoseconds."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


class FolderStore:
    """A store that is a folder of this machine."""

    workers = 1

    def __init__(self, root: Path | str, is_private: bool = False):
        self.root = Path(root)
        self.is_private = is_private

    def listing(self, folder: str = "") -> Listing:
        """List the files that count, and what is left out; in a private store every name counts."""
        from vsf_assets.storage.folder_listing import list_folder

        return list_folder(self.root, folder, every_name=self.is_private)

    def entries(self, folder: str = "") -> list[Entry]:
        """Return the files of a listing."""
        return self.listing(folder).entries

    def every_entry(self, folder: str = "") -> list[Entry]:
        """Return every file that is not hidden; raises UnlistedEntryError where something cannot be read."""
        from vsf_assets.storage.folder_listing import list_folder

        found = list_folder(self.root, folder, every_name=True)
        for entry in found.left_out:
            raise UnlistedEntryError(str(self.root), entry)
        return found.entries

    def hidden_entries(self, folder: str) -> list[Entry]:
        """List every file of a folder of the platform's own that no listing shows."""
        paths = (
            os.path.relpath(os.path.join(place, name), self.root)
            for place, _, names in os.walk(self.root / folder, onerror=self._cannot_list)
            for name in names
        )
        return [entry for path in paths if (entry := self.stat(path)) is not None]

    def _cannot_list(self, error: OSError) -> None:
        """Unreadable is not empty: only a root that is not made yet, or a folder that just went, is."""
        if isinstance(error, FileNotFoundError):
            return
        raise error

    def stat(self, path: str) -> Entry | None:
        """Return one file's entry, or None if it is not there; raises NotRegularError, OSError."""
        try:
            status = status_of(self.root / path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(path, status.st_size, modified_time(status.st_mtime_ns))

    def present(self, paths: Collection[str]) -> set[str]:
        """Return which of these files are there; raises UnlistedEntryError where that cannot be found out."""
        from vsf_assets.storage.folder_listing import unreadable

        found = set()
        for path in paths:
            try:
                if self.stat(path) is not None:
                    found.add(path)
            except OSError as error:
                raise UnlistedEntryError(str(self.root), unreadable(path, error)) from error
        return found

    def open(self, path: str, etag: str = "") -> BinaryIO:  # noqa: ARG002
        """Open a file for reading; raises FileNotFoundError, NotRegularError, OSError."""
        return open_regular(self.root / path)

    def ahead(self, entries: Sequence[Entry]) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: they are here."""
        return nullcontext()

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Write beside the target, flush to disk, then rename into place."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, 0o644)
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def copy_within(self, seen: Entry, target: Store, target_path: str) -> bool:  # noqa: ARG002
        """Return False: a file is copied byte by byte, or renamed (rename_if_same_disk)."""
        return False

    def move(self, path: str, target_path: str) -> None:
        """Give a file another name in the same store, at once; raises FileNotFoundError."""
        target = self.root / target_path
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).replace(target)

    def remove(self, path: str, etag: str = "") -> None:  # noqa: ARG002
        """Remove a file and, first, its marker; a missing one is not an error."""
        self.remove_marker(path)
        (self.root / path).unlink(missing_ok=True)

    def remove_marker(self, path: str) -> None:
        """Remove a file's marker, so that it never vouches for the next file of this name."""
        (self.root / (path + DONE_SUFFIX)).unlink(missing_ok=True)

    def local_path(self, path: str) -> Path:
        """Return the file's path on this machine."""
        return self.root / path


def open_store(address: str) -> Store:
    """Return the store at an address: a folder, or `s3://bucket/prefix`."""
    if is_address(address):
        from vsf_assets.storage.s3 import ObjectStore

        return ObjectStore(address)
    return FolderStore(address)


class _OtherContentError(Exception):
    """The file does not hold what was to be copied."""


def copy_file(source: Store, seen: Entry, target: Store, target_path: str, sha256: str) -> bool:
    """Copy a file between stores; return False, with nothing copied, where it is not what was seen and hashed.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    import hashlib

    if seen.etag and source.copy_within(seen, target, target_path):
        return True  # of this state only, whose SHA-256 is known

    digest = hashlib.sha256()
    try:
        with source.open(seen.path, seen.etag) as reader, target.writer(target_path) as writer:
            while block := reader.read(COPY_BYTES):
                digest.update(block)
                writer.write(block)
            if digest.hexdigest() != sha256:
                raise _OtherContentError(seen.path)
    except _OtherContentError:
        return False
    return True


def rename_if_same_disk(source: Store, path: str, target: Store, target_path: str) -> bool:
    """Move by renaming where both places share a file system and it is permitted; return whether it was done."""
    here, there = source.local_path(path), target.local_path(target_path)
    if here is None or there is None or here.is_symlink():  # a link is no original: its file is copied
        return False
    there.parent.mkdir(parents=True, exist_ok=True)
    if here.stat().st_dev != there.parent.stat().st_dev:
        return False
    source.remove_marker(path)
    try:
        here.replace(there)
    except PermissionError:  # nobody but its owner may move it; a copy of it is kept all the same
        return False
    return True


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
