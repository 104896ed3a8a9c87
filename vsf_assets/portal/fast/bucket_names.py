"""Names in a bucket: an upload in parts, which becomes the object only if no other has its name.

Here: the parts, which go on after a kill where they stopped, and the conditional end. Not here: the order of steps
(naming.py). An upload in parts is unknown to the store as soon as it has ended, and this tells after a kill whether the
object was made, whether or not it has been taken since.
"""

import io
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from vsf_assets.common.ulids import ulid_of
from vsf_assets.config.settings import client_options
from vsf_assets.portal.fast.upload_folder import UploadFolder, UploadRecord, lock
from vsf_assets.storage.s3 import ObjectStore
from vsf_assets.storage.s3_client import ConflictingRequestError, StoredObjectReplacedError, complete_answer, time_for

PART_BYTES = 16 << 20
MOST_PARTS = 10_000
"""Smallest part that is used, and how many parts stores allow."""


class BucketNames:
    """The names of a landing zone in a bucket."""

    def __init__(self, landing: str, folder: UploadFolder) -> None:
        self._store, self._folder = ObjectStore(landing), folder

    def prepare(self, record: UploadRecord) -> UploadRecord:
        """Send the bytes to the store, those that it does not have yet.

        Raises:
            BusyError: another process does so.
        """
        try:
            with self._folder.part(record.id).open("rb") as file:
                lock(file.fileno())
                return self._sent_all(record, file)
        except FileNotFoundError:
            return record  # it has been given its name meanwhile

    def _sent_all(self, record: UploadRecord, file: BinaryIO) -> UploadRecord:
        if not record.multipart:
            begun = self._answer(record, "create_multipart_upload", Metadata={"vsf-upload": ulid_of(record.id)})
            record = replace(record, multipart=begun["UploadId"])
            self._folder.write(record)
        sent = self._sent(record)
        if sent is None:
            return record
        for number in range(1, _count(record.size) + 1):
            if number not in sent:
                self._send(record, number, file)
        return record

    def _send(self, record: UploadRecord, number: int, file: BinaryIO) -> None:
        length = _part_bytes(record.size)
        file.seek((number - 1) * length)
        body = file.read(length)
        self._answer(
            record, "upload_part", UploadId=record.multipart, PartNumber=number, Body=io.BytesIO(body), of=len(body)
        )

    def _sent(self, record: UploadRecord) -> dict[int, str] | None:
        """Return number -> ETag of the parts that the store has; None if the upload has ended."""
        found: dict[int, str] = {}
        after = 0
        while True:
            try:
                page = self._answer(record, "list_parts", UploadId=record.multipart, PartNumberMarker=after)
            except FileNotFoundError:
                return None
            found.update({part["PartNumber"]: part["ETag"] for part in page.get("Parts", ())})
            if not page.get("IsTruncated"):
                return found
            after = page["NextPartNumberMarker"]

    def is_prepared(self, record: UploadRecord) -> bool:
        """Whether the store has all bytes."""
        sent = self._sent(record) if record.multipart else {}
        return sent is not None and len(sent) == _count(record.size)

    def has_given(self, record: UploadRecord) -> bool:
        """Whether the upload in parts has ended, which only `give` does while the record says *complete*."""
        return bool(record.multipart) and self._sent(record) is None

    def is_taken(self, path: str) -> bool:
        """Whether there is an object of this name."""
        return self._store.stat(path) is not None

    def stamp(self, record: UploadRecord, now_ns: int) -> UploadRecord:
        """Return the record with a modified time of whole seconds, as the store will say it, or nearly so."""
        return replace(record, modified_ns=now_ns // 10**9 * 10**9)

    def give(self, record: UploadRecord) -> int | None:
        """End the upload in parts, unless an object has this name; once more if one was removed at that moment.

        Raises:
            ConflictingRequestError: it was so again, or the store gave the upload up; the next try sends it anew.
        """
        try:
            return self._end(record)
        except ConflictingRequestError:
            if self.is_taken(record.path):
                return None
        try:
            if self._sent(record) is not None:
                return self._end(record)
            raise ConflictingRequestError(f"{self._store.at(record.path)} was changed by another request")
        except ConflictingRequestError:
            # Its id goes from the record: an upload that the store does not know is taken for the object.
            self._folder.write(replace(record, multipart=""))
            with suppress(FileNotFoundError):
                self._answer(record, "abort_multipart_upload", UploadId=record.multipart)
            raise

    def _end(self, record: UploadRecord) -> int | None:
        """End the upload in parts; return None if an object has this name.

        Raises:
            ConflictingRequestError: another request changed the object at this moment.
        """
        sent = self._sent(record) or {}
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(sent.items())]
        try:
            self._answer(
                record,
                "complete_multipart_upload",
                UploadId=record.multipart,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
                of=record.size,
            )
        except ConflictingRequestError:
            raise
        except StoredObjectReplacedError:
            return None
        self._folder.part(record.id).unlink(missing_ok=True)
        entry = self._store.stat(record.path)
        return _ns(entry.modified) if entry is not None else record.modified_ns

    def discard(self, record: UploadRecord) -> None:
        """Remove the bytes, in the store too."""
        self._folder.part(record.id).unlink(missing_ok=True)
        if record.multipart:
            with suppress(FileNotFoundError):
                self._answer(record, "abort_multipart_upload", UploadId=record.multipart)

    def take_back(self, record: UploadRecord) -> None:
        """Remove the object, if nobody took it meanwhile."""
        self._store.remove(record.path)

    def _answer(self, record: UploadRecord, name: str, of: int = 0, **arguments: Any) -> dict[str, Any]:
        place = {"Bucket": self._store.bucket, "Key": self._store.base + record.path}
        call = getattr(self._store.client, name)
        seconds = time_for(of, client_options().object_seconds)
        return complete_answer(lambda: call(**place, **arguments), self._store.at(record.path), seconds)


def _part_bytes(size: int) -> int:
    """Return the size of a part of a file, of which stores allow only so many."""
    return max(PART_BYTES, -(-size // MOST_PARTS))


def _count(size: int) -> int:
    return max(1, -(-size // _part_bytes(size)))


def _ns(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**9
