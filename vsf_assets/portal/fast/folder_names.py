"""Names in a landing folder: a part is renamed to its file.

Here: the mark that the file is whole, so that the service takes it at once, and the rename. Not here: the order of
steps (naming.py).
"""

import contextlib
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vsf_assets.common.exclusive_rename import rename_new
from vsf_assets.portal.fast.upload_folder import UploadFolder, UploadRecord
from vsf_assets.storage.complete_mark import mark_complete

FOLDER_MODE = 0o755
"""Mode of folders that are created in the landing folder; the portal's own files are private, those are not."""


class FolderNames:
    """The names of a landing folder."""

    def __init__(self, landing: str, folder: UploadFolder) -> None:
        self._landing, self._folder = Path(landing), folder

    def prepare(self, record: UploadRecord) -> UploadRecord:
        """Return the record: the bytes are in the right file system already."""
        return record

    def is_prepared(self, record: UploadRecord) -> bool:  # noqa: ARG002
        """Return True."""
        return True

    def has_given(self, record: UploadRecord) -> bool:
        """Whether the part has become the file: a complete part is only ever renamed."""
        part = self._folder.part(record.id)
        if not part.exists():
            return True
        with contextlib.suppress(
            FileNotFoundError, NotADirectoryError
        ):  # linked, where the file system cannot rename in one step
            if part.samefile(self._landing / record.path):
                part.unlink()
                return True
        return False

    def is_taken(self, path: str) -> bool:
        """Whether there is an entry of this name, of whatever kind."""
        return os.path.lexists(self._landing / path)

    def stamp(self, record: UploadRecord, now_ns: int) -> UploadRecord:
        """Set the modified time, and mark the file as whole."""
        part = self._folder.part(record.id)
        part.chmod(0o644)
        os.utime(part, ns=(now_ns, now_ns))
        mark_complete(part)
        return replace(record, modified_ns=now_ns)

    def give(self, record: UploadRecord) -> int | None:
        """Rename the part."""
        target = self._landing / record.path
        self._make_folders(record.path)
        if not rename_new(self._folder.part(record.id), target):
            return None
        for folder in (target.parent, self._folder.root):
            _flush(folder)
        return record.modified_ns

    def _make_folders(self, path: str) -> None:
        for folder in reversed(PurePosixPath(path).parents):
            with contextlib.suppress(FileExistsError):
                (self._landing / folder).mkdir()
                (self._landing / folder).chmod(FOLDER_MODE)

    def discard(self, record: UploadRecord) -> None:
        """Remove the bytes."""
        self._folder.part(record.id).unlink(missing_ok=True)

    def take_back(self, record: UploadRecord) -> None:
        """Remove the file, if nobody took it meanwhile."""
        (self._landing / record.path).unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Flush a folder to the disk, so that names given in it survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
