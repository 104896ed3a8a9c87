"""A folder as a source: states are size and modified time.

Not here: settling (fetching.py asks for the age of the newest change and waits).
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vsf_assets.sources.profiles import Profile
from vsf_assets.sources.retrying import Deadline
from vsf_assets.sources.source import (
    BLOCK_BYTES,
    Content,
    GoneError,
    ReplacedError,
    SourceError,
    leads_astray,
    too_large,
)
from vsf_assets.sources.states import Observed, Unseen


class FolderSource:
    """Objects that are files below a folder; names use `/`."""

    asks_for_each = False

    def __init__(self, profile: Profile):
        self.profile = profile
        self._root = Path(profile.address)

    def is_absent(self) -> bool:
        """Whether there is no folder, or nothing in it."""
        try:
            return not any(not name.startswith(".") for name in os.listdir(self._root))
        except FileNotFoundError:
            return True

    def observe(self, names: Sequence[str], tell: Callable[[int], None]) -> dict[str, Observed]:
        """Return size and modified time of each name."""
        found: dict[str, Observed] = {}
        for name in names:
            try:
                status = self._path(name).stat()
            except (GoneError, FileNotFoundError, NotADirectoryError):
                found[name] = None
            except OSError as error:
                found[name] = Unseen(f"it cannot be looked at: {error.strerror}")
            else:
                found[name] = _state(status) if stat.S_ISREG(status.st_mode) else None
        tell(len(names))
        return found

    @contextmanager
    def open(self, name: str, deadline: Deadline) -> Iterator[Content]:  # noqa: ARG002 - a disk does not stall
        """Open a file; a change while it is read raises ReplacedError."""
        with self._opened(name) as file:
            before = os.fstat(file.fileno())
            if before.st_size > self.profile.most_bytes:
                raise too_large(self.profile, before.st_size)
            yield Content(_state(before), before.st_size, _blocks(file))
            if _state(os.fstat(file.fileno())) != _state(before):
                raise ReplacedError("it changed while it was read")

    def _opened(self, name: str) -> BinaryIO:
        if not self._root.is_dir():
            raise SourceError(f"there is no folder {self._root}; look at {self.profile.say('address')}")
        try:
            return self._path(name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise GoneError("it is not there") from error
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror}") from error

    def youngest(self, names: Sequence[str]) -> float:
        """Return when one of the files was last written, renamed or given another time."""
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
        """Return where a name lies; one that leads out of the folder is not there."""
        if leads_astray(name):
            raise GoneError("it is not there")
        return self._root / name


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns // 1000}"


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
