"""The store on a local folder.

Here: opening, atomic writing and removing of whole files. Not here: the walk through a folder (folder_listing.py).
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from vsf_assets.common.atomic_files import atomic_file
from vsf_assets.common.regular_files import open_regular, status_of
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry, modified_time
from vsf_assets.storage.ignored_names import DONE_SUFFIX
from vsf_assets.storage.listing import Listing, UnlistedEntryError


class FolderStore:
    """A store that is a folder of this machine."""

    workers = 1

    def __init__(self, root: Path | str, is_private: bool = False):
        self.root = Path(root)
        self.is_private = is_private

    def listing(self, folder: str = "") -> Listing:
        """List the files, and the entries that are left out; in a private store no name is left out."""
        from vsf_assets.storage.folder_listing import list_folder

        return list_folder(self.root, folder, every_name=self.is_private)

    def entries(self, folder: str = "") -> list[Entry]:
        """Return the files of a listing."""
        return self.listing(folder).entries

    def every_entry(self, folder: str = "") -> list[Entry]:
        """Return all files that are not hidden; raises UnlistedEntryError if an entry cannot be read."""
        from vsf_assets.storage.folder_listing import list_folder

        found = list_folder(self.root, folder, every_name=True)
        for entry in found.left_out:
            raise UnlistedEntryError(str(self.root), entry)
        return found.entries

    def hidden_entries(self, folder: str) -> list[Entry]:
        """Return all files of a hidden folder of the platform, which no listing shows."""
        paths = (
            os.path.relpath(os.path.join(place, name), self.root)
            for place, _, names in os.walk(self.root / folder, onerror=self._cannot_list)
            for name in names
        )
        return [entry for path in paths if (entry := self.stat(path)) is not None]

    def _cannot_list(self, error: OSError) -> None:
        """Raise an error of listing, unless the folder is missing: it counts as empty, an unreadable one does not."""
        if isinstance(error, FileNotFoundError):
            return
        raise error

    def stat(self, path: str) -> Entry | None:
        """Return the entry of one file, or None if it does not exist; raises NotRegularError, OSError."""
        try:
            status = status_of(self.root / path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(path, status.st_size, modified_time(status.st_mtime_ns))

    def present(self, paths: Collection[str]) -> set[str]:
        """Return those of the files that exist; raises UnlistedEntryError if a file's state cannot be read."""
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
        """Do nothing: the files are local."""
        return nullcontext()

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Write a temporary file beside the target, flush it to disk, then rename it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(target, mode=0o644) as file:
            yield file

    def copy_within(self, seen: Entry, target: Store, target_path: str) -> bool:  # noqa: ARG002
        """Return False: local files are copied byte by byte, or renamed (rename_if_same_disk)."""
        return False

    def move(self, path: str, target_path: str) -> None:
        """Rename a file in the store atomically; raises FileNotFoundError."""
        target = self.root / target_path
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).replace(target)

    def remove(self, path: str, etag: str = "") -> None:  # noqa: ARG002
        """Remove a file, after its marker; a missing file is not an error."""
        self.remove_marker(path)
        (self.root / path).unlink(missing_ok=True)

    def remove_marker(self, path: str) -> None:
        """Remove a file's marker, so that it cannot mark the next file of this name as complete."""
        (self.root / (path + DONE_SUFFIX)).unlink(missing_ok=True)

    def local_path(self, path: str) -> Path:
        """Return the file's path on this machine."""
        return self.root / path
