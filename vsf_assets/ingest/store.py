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

from vsf_assets.objects import is_address

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IGNORED_SUFFIXES = (".tmp", ".part")
DONE_SUFFIX = ".done"
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

    def entries(self, folder: str = "") -> list[Entry]:
        """List files that count, by path, of all folders or one; `.tmp`, `.part`, dot files and markers do not."""

    def stat(self, path: str) -> Entry | None:
        """Return one file's entry, or None if it is not there."""

    def present(self, paths: Collection[str]) -> set[str]:
        """Return which of these files are there."""

    def open(self, path: str, etag: str = "") -> BinaryIO:
        """Open a file for reading, in an object store only in a state; raises FileNotFoundError, ReplacedError."""

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

    def entries(self, folder: str = "") -> list[Entry]:
        """List files that count, by path; `folder` narrows the listing to one."""
        found: list[Entry] = []
        markers: set[str] = set()
        for place, folders, names in os.walk(self.root / folder, onerror=self._cannot_list):
            folders[:] = [f for f in folders if not f.startswith(".")]
            for name in names:
                path = os.path.relpath(os.path.join(place, name), self.root)
                if name.endswith(DONE_SUFFIX):
                    markers.add(path.removesuffix(DONE_SUFFIX))
                elif not name.startswith(".") and not name.endswith(IGNORED_SUFFIXES):
                    entry = self.stat(path)
                    if entry is not None:
                        found.append(entry)
        return sorted((Entry(e.path, e.size, e.modified, e.path in markers) for e in found), key=lambda e: e.path)

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
        """Return one file's entry, or None if it is not there."""
        try:
            status = (self.root / path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(path, status.st_size, modified_time(status.st_mtime_ns))

    def present(self, paths: Collection[str]) -> set[str]:
        """Return which of these files are there."""
        return {path for path in paths if self.stat(path) is not None}

    def open(self, path: str, etag: str = "") -> BinaryIO:  # noqa: ARG002
        """Open a file for reading; raises FileNotFoundError."""
        return (self.root / path).open("rb")

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
        from vsf_assets.ingest.object_store import ObjectStore

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
    """Move by renaming where both places share a file system; return whether it was done."""
    here, there = source.local_path(path), target.local_path(target_path)
    if here is None or there is None or here.is_symlink():  # a link is no original: its file is copied
        return False
    there.parent.mkdir(parents=True, exist_ok=True)
    if here.stat().st_dev != there.parent.stat().st_dev:
        return False
    source.remove_marker(path)
    here.replace(there)
    return True
