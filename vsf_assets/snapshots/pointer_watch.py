"""Notices cheaply that another snapshot became the current one.

Here: the state of the pointer, in a folder from the file system alone, in a bucket by a conditional request that
transfers nothing while the pointer is unchanged. Not here: opening the snapshot (connect.py).
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import Settings
from vsf_assets.snapshots.current import POINTER, Snapshot, current_snapshot
from vsf_assets.snapshots.s3_snapshot import POINTER as OBJECT_POINTER
from vsf_assets.snapshots.s3_snapshot import named_in, open_prefix
from vsf_assets.storage.s3_client import ObjectStoreError, complete_answer, error_code, is_address, plain_errors

FOLDER_SECONDS, BUCKET_SECONDS = 1.0, 3.0
"""Seconds between two looks at a pointer."""

_LONGEST = 30.0
"""Seconds for one request, with the attempts of the client."""


class PointerWatch:
    """The pointer of the current snapshot.

    Attributes:
        seconds: how long to wait between two looks.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_bucket = is_address(settings.snapshots)
        self._etag = ""
        self._seen: tuple[Hashable, Snapshot | None] = (None, None)
        self.seconds = BUCKET_SECONDS if self._is_bucket else FOLDER_SECONDS

    def current(self) -> tuple[Hashable, Snapshot | None]:
        """Return the state of the pointer, which differs when another snapshot is current, and the snapshot.

        Raises:
            OSError, VsfError: the folder or the bucket cannot be read.
        """
        return self._in_bucket() if self._is_bucket else self._in_folder()

    def _in_folder(self) -> tuple[Hashable, Snapshot | None]:
        folder = Path(self._settings.snapshots)
        snapshot = current_snapshot(self._settings)
        if snapshot is None:
            return None, None
        try:
            status = (folder / POINTER).stat()  # a snapshot of the same name may be another file after a restore
        except FileNotFoundError:
            return (snapshot.name, None), snapshot
        return (snapshot.name, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size), snapshot

    def _in_bucket(self) -> tuple[Hashable, Snapshot | None]:
        store = open_prefix(self._settings.snapshots)
        condition = {"IfNoneMatch": self._etag} if self._etag else {}

        def get() -> dict[str, Any]:
            answer: dict[str, Any] = store.client.get_object(
                Bucket=store.bucket, Key=store.base + OBJECT_POINTER, **condition
            )
            return answer

        address = store.at(OBJECT_POINTER)
        try:
            answer = complete_answer(get, address, _LONGEST, wanted=("ETag", "Body"))
        except FileNotFoundError:
            self._etag, self._seen = "", (None, None)
            return self._seen
        except ObjectStoreError as error:
            if isinstance(error.__cause__, Exception) and error_code(error.__cause__) in ("304", "NotModified"):
                return self._seen
            raise
        with plain_errors(address):
            content = answer["Body"].read(200)
        snapshot = named_in(store, content)
        self._etag, self._seen = answer["ETag"], ((answer["ETag"], snapshot), snapshot)
        return self._seen
