"""The files through which the loader and the workers of a service know of each other.

Here: the folder of one running service, the loader's status in it, the file of the last good slots, and noticing that
a file was replaced. Not here: what the slots hold (score_table.py).
"""

import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_write

SILENCE = 30.0
"""Seconds without a sign of life of the loader, after which the slots may be stale."""


@dataclass(frozen=True)
class SharedFiles:
    """Paths of a running service.

    Attributes:
        folder: of this service alone, removed at its end.
        scores: the last good slots; in the home, so that they outlive a restart, or in `folder` if that is read-only.
        keys: the signing keys.
    """

    folder: Path
    scores: Path
    keys: Path

    @property
    def status(self) -> Path:
        """The loader's status."""
        return self.folder / "loader.json"


@dataclass(frozen=True)
class LoaderStatus:
    """What the loader says.

    Attributes:
        checked_at: time of its last look at the pointer, seconds since 1970; 0 before the first one.
        failure: why the current snapshot could not be loaded, without names of files; empty if all is well.
        failures: number of failed looks since the start.
        loads: number of snapshots that were loaded since the start.
    """

    checked_at: float = 0.0
    failure: str = ""
    failures: int = 0
    loads: int = 0


def write_status(files: SharedFiles, status: LoaderStatus) -> None:
    """Write the loader's status; raises OSError."""
    atomic_write(files.status, json.dumps(asdict(status)).encode(), is_durable=False)


def read_status(files: SharedFiles) -> LoaderStatus:
    """Return the loader's status; an empty one if there is none yet."""
    try:
        return LoaderStatus(**json.loads(files.status.read_bytes()))
    except (OSError, ValueError, TypeError):
        return LoaderStatus()


def identity(path: Path) -> Hashable:
    """Return what changes when a file is replaced or written to; None if it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
