"""Client of a local folder: object states are size and modified time.

Not here: settling (catalog/fetch_round.py asks for the age of the newest change and waits).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vsf_assets.catalog.clients.base import BLOCK_BYTES, OpenedObject, escapes_root, too_large
from vsf_assets.catalog.model.errors import GoneError, SourceError, SourceObjectReplacedError
from vsf_assets.catalog.model.plan import Observed, Unseen
from vsf_assets.catalog.model.retry import Deadline
from vsf_assets.common.regular_files import NotRegularError, open_regular, status_of
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.storage.empty_folder import is_empty


class FolderSource:
    """Objects that are files below a folder; names use `/`."""

    asks_for_each = False

    def __init__(self, profile: Profile):
        self.profile = profile
        self._root = Path(profile.address)

    def is_absent(self) -> bool:
        """Whether there is no folder, or nothing in it; something else of its name is none."""
        return is_empty(self._root)

    def observe(self, names: Sequence[str], progress: Callable[[int], None]) -> dict[str, Observed]:
        """Return size and modified time of each name.

        Raises:
            SourceError: the list was removed, so the state of the other objects is unknown.
        """
        found = {name: self._observed(name) for name in names}
        if None in found.values():
            self._refuse_lost_list()
        progress(len(names))
        return found

    def _refuse_lost_list(self) -> None:
        """Raise SourceError where the list is not there any more: a drive may have dropped off with all objects."""
        if not os.path.lexists(self._root / self.profile.list_name):
            raise SourceError(
                f"the list {self.profile.list_name} went while its objects were checked, so none of them counts as"
                f" gone; is {self._root} still there? Look at {self.profile.say('address')}, then run again"
            )

    def _observed(self, name: str) -> Observed:
        """Return the state of a name; only what is surely not there is gone."""
        try:
            return _state(status_of(self._path(name)))
        except (FileNotFoundError, NotADirectoryError):
            if self._path(name).is_symlink():
                return Unseen("it is a link to something that is not there; bring that back, or remove the link")
            return None
        except GoneError:
            return None
        except NotRegularError as error:
            return None if error.kind == "folder" else Unseen(f"{error.strerror}; put a file there")
        except OSError as error:
            return Unseen(f"its state cannot be read: {error.strerror}")

    @contextmanager
    def open(self, name: str, deadline: Deadline) -> Iterator[OpenedObject]:  # noqa: ARG002 - a disk does not stall
        """Open a file; a change while it is read raises SourceObjectReplacedError."""
        with self._opened(name) as file:
            before = os.fstat(file.fileno())
            if before.st_size > self.profile.most_bytes:
                raise too_large(self.profile, before.st_size)
            yield OpenedObject(_state(before), before.st_size, _blocks(file))
            if _state(os.fstat(file.fileno())) != _state(before):
                raise SourceObjectReplacedError("it changed while it was read")

    def _opened(self, name: str) -> BinaryIO:
        if not self._root.is_dir():
            raise SourceError(f"there is no folder {self._root}; look at {self.profile.say('address')}")
        try:
            return open_regular(self._path(name))
        except (FileNotFoundError, NotADirectoryError) as error:
            if self._path(name).is_symlink():
                raise SourceError("it is a link to something that is not there") from error
            if name != self.profile.list_name:
                self._refuse_lost_list()
            raise GoneError("it is not there") from error
        except NotRegularError as error:
            if error.kind == "folder":
                raise GoneError("it is not there") from error
            raise SourceError(f"{error.strerror}; put a file there") from error
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror}") from error

    def last_modified(self, names: Sequence[str]) -> float:
        """Return the newest change time of the files: written, renamed or touched."""
        times = [0.0]
        for name in names:
            try:
                times.append(self._path(name).stat().st_ctime)
            except (GoneError, OSError):
                continue
        return max(times)

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _path(self, name: str) -> Path:
        """Return the path of a name; a name that leaves the folder is not there."""
        if escapes_root(name):
            raise GoneError("it is not there")
        return self._root / name


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns // 1000}"


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
