"""The hidden folder in which uploads stand until they have their names: a part and a record of each.

Here: paths, records, locks and removal. Not here: writing bytes (receiving.py) and giving names (naming.py).

An upload `01J…` has `01J….part`, its bytes so far, and, once they are all there, `01J….json`, its record. A record
that says *complete* while the part is gone means: the part has become the file, since a part is renamed, and removed
only after its record says so. So a process that is killed between the two leaves nothing unclear.
"""

import contextlib
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vsf_assets.common.atomic_files import atomic_file
from vsf_assets.common.ulids import ulid_of, uuid_of
from vsf_assets.config.settings import Settings
from vsf_assets.storage.ignored_names import UPLOADS_FOLDER
from vsf_assets.storage.s3_client import is_address

COMPLETE, LANDED, REFUSED = "complete", "landed", "refused"
"""All bytes are there, compared and flushed; the file has its name; it gets none, and `reason` says why."""

_PART, _RECORD, _LOCK = ".part", ".json", ".lock"


class BusyError(OSError):
    """Another connection or process has the part of this upload."""


@dataclass(frozen=True)
class UploadRecord:
    """What the fast layer knows of an upload whose bytes have all arrived.

    Attributes:
        id: id of the upload.
        state: COMPLETE, LANDED or REFUSED.
        path: path in the landing zone.
        size, sha256: of the bytes.
        modified_ns: modified time of the file in the landing zone, in nanoseconds since 1970.
        expires: end of the ticket, in seconds since 1970; the record is kept until then.
        group: ids of the files that get their names together.
        status, reason: status of the answer to its sender, and why it was refused.
        multipart: id of the upload in a bucket that is under way.
    """

    id: uuid.UUID
    state: str
    path: str
    size: int
    sha256: str
    modified_ns: int
    expires: float
    group: tuple[uuid.UUID, ...] = ()
    status: int = 201
    reason: str = ""
    multipart: str = ""

    def landed(self, modified_ns: int) -> "UploadRecord":
        """Return the record of the file in the landing zone."""
        return replace(self, state=LANDED, modified_ns=modified_ns)

    def refused(self, status: int, reason: str) -> "UploadRecord":
        """Return the record of a file that gets no name."""
        return replace(self, state=REFUSED, status=status, reason=reason)


class UploadFolder:
    """The folder of a portal.

    Args:
        root: the folder; it is created when the first upload begins.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, settings: Settings) -> "UploadFolder":
        """Return the folder of a portal: in the landing folder; for a bucket, in the home."""
        if is_address(settings.landing):
            return cls(settings.home / "portal" / UPLOADS_FOLDER)
        return cls(Path(settings.landing) / UPLOADS_FOLDER)

    def make(self) -> None:
        """Create the folder if it is missing."""
        self.root.mkdir(parents=True, exist_ok=True)

    def part(self, upload: uuid.UUID) -> Path:
        """Return the path of an upload's bytes."""
        return self.root / f"{ulid_of(upload)}{_PART}"

    def received(self, upload: uuid.UUID) -> int | None:
        """Return how many bytes of an upload have arrived; None if there is no part."""
        try:
            return self.part(upload).stat().st_size
        except FileNotFoundError:
            return None

    def record(self, upload: uuid.UUID) -> UploadRecord | None:
        """Return the record of an upload; None while its bytes arrive."""
        try:
            text = self._record(upload).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _record_of(json.loads(text))

    def write(self, record: UploadRecord) -> None:
        """Store a record; it survives a loss of power."""
        content = {**asdict(record), "id": record.id.hex, "group": [other.hex for other in record.group]}
        with atomic_file(self._record(record.id), mode=0o600) as file:
            file.write(json.dumps(content).encode())

    def age(self, upload: uuid.UUID) -> float:
        """Return the seconds since the record of an upload was stored."""
        return time.time() - _modified(self._record(upload))

    def _record(self, upload: uuid.UUID) -> Path:
        return self.root / f"{ulid_of(upload)}{_RECORD}"

    def remove(self, upload: uuid.UUID) -> None:
        """Remove an upload, the record first: without one, a missing part means nothing."""
        self._record(upload).unlink(missing_ok=True)
        self.part(upload).unlink(missing_ok=True)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Let one process at a time give names, so that files get theirs together; held for milliseconds."""
        self.make()
        with (self.root / f"naming{_LOCK}").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def uploads(self) -> set[uuid.UUID]:
        """Return the ids of all uploads with a part or a record."""
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return set()
        found = set()
        for name in names:
            stem, _, ending = name.partition(".")
            if f".{ending}" in (_PART, _RECORD):
                with contextlib.suppress(ValueError):
                    found.add(uuid_of(stem))
        return found

    def remove_old(self, before: float) -> list[uuid.UUID]:
        """Remove the uploads that nobody has touched since a time (seconds since 1970), and return their ids.

        Temporary files that a killed process left go too. A part that is being written to is locked, and stays.
        """
        removed = []
        for upload in self.uploads():
            times = [_modified(path) for path in (self.part(upload), self._record(upload))]
            if max(times) < before and not is_locked(self.part(upload)):
                self.remove(upload)
                removed.append(upload)
        for leftover in self.root.glob(".*.tmp"):
            if _modified(leftover) < before:
                leftover.unlink(missing_ok=True)
        return removed


def lock(descriptor: int) -> None:
    """Lock an open part until it is closed.

    Raises:
        BusyError: another connection or process has it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError("another connection sends this file") from None


def is_locked(part: Path) -> bool:
    """Whether a process writes to a part."""
    try:
        with part.open("rb") as file:
            lock(file.fileno())
    except FileNotFoundError:
        return False
    except BusyError:
        return True
    return False


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _record_of(content: dict[str, Any]) -> UploadRecord:
    group = tuple(uuid.UUID(other) for other in content["group"])
    return UploadRecord(**{**content, "id": uuid.UUID(content["id"]), "group": group})
