"""The store on an S3 prefix.

Here: listing in pages, reading that resumes after a broken connection, writing, and copying inside the store. Not here:
addresses, the client and its errors (s3_client.py). An object appears complete or not at all, so renames are not
needed. Its modified time has whole seconds, as servers report it (decision 0013); the ETag shows changes within a
second.
"""

import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from vsf_assets.common.prefetch import map_in_order
from vsf_assets.common.regular_files import open_regular
from vsf_assets.config.settings import client_options
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.ignored_names import (
    DONE_SUFFIX,
    OWNER_MARKER,
    IgnoredName,
    why_ignored,
    why_unfinished_beside,
)
from vsf_assets.storage.listing import LeftOut, Listing
from vsf_assets.storage.s3_client import (
    StoredObjectReplacedError,
    complete_answer,
    error_code,
    s3_client,
    split_address,
    time_for,
)
from vsf_assets.storage.s3_reader import ObjectPrefetch, ObjectReader

IN_MEMORY_BYTES = 16 << 20
"""Size up to which written data is buffered in memory; larger data goes to a temporary file."""

ONE_REQUEST_BYTES = 4 << 30
"""Size up to which one request writes or copies an object (S3 allows 5 GB); larger objects use parts."""

STATS_AT_ONCE = 16
FEW_PATHS = 64
"""Number of paths up to which each is checked by a request; for more, their folders are listed."""


class ObjectStore:
    """A store that is a prefix of a bucket.

    Args:
        address: `s3://bucket/prefix`.
    """

    workers = 8
    is_private = False

    def __init__(self, address: str):
        self.address = address
        self.bucket, prefix = split_address(address)
        self.base = f"{prefix}/" if prefix else ""
        self.client = s3_client()
        options = client_options()
        self._seconds, self._attempts = options.object_seconds, options.attempts
        self._ahead: ObjectPrefetch | None = None

    def listing(self, folder: str = "") -> Listing:
        """List the files, and the entries left out because of their names; `folder` narrows the listing."""
        items = self._by_path(folder)
        found, hidden = Listing(), set[str]()
        for path in sorted(items):
            if path.endswith(("/", DONE_SUFFIX)) or path == OWNER_MARKER:
                continue
            entry = self._entry(path, items[path]["Size"], items[path])
            place, why = _why_left_out(entry, items)
            if why is None:
                found.entries.append(_marked(entry, path + DONE_SUFFIX in items))
            elif place not in hidden:  # an ignored folder is one entry
                hidden.add(place)
                found.left_out.append(LeftOut(place, why.kind, why.reason, why.advice))
        return found

    def entries(self, folder: str = "") -> list[Entry]:
        """Return the files of a listing."""
        return self.listing(folder).entries

    def every_entry(self, folder: str = "") -> list[Entry]:
        """Return all files that are not hidden, whatever their names; listing a bucket is complete or fails."""
        items = self._by_path(folder)
        paths = (p for p in sorted(items) if not p.endswith("/") and not any(n.startswith(".") for n in p.split("/")))
        return [self._entry(path, items[path]["Size"], items[path]) for path in paths]

    def holds_anything(self) -> bool:
        """Whether there is any object, by one request."""
        options = {"Bucket": self.bucket, "Prefix": self.base, "MaxKeys": 1}
        return bool(
            self._answer(lambda: self.client.list_objects_v2(**options), self.address, "IsTruncated").get("Contents")
        )

    def _by_path(self, folder: str) -> dict[str, dict[str, Any]]:
        listed = self._listed(f"{folder}/" if folder else "")
        return {item["Key"].removeprefix(self.base): item for item in listed}

    def _listed(self, under: str) -> Iterator[dict[str, Any]]:
        options = {"Bucket": self.bucket, "Prefix": self.base + under}
        while True:
            # A truncated page must not be taken for the last page or for an empty one.
            page = self._answer(lambda: self.client.list_objects_v2(**options), self.address, "IsTruncated")
            yield from page.get("Contents", ())
            if not page["IsTruncated"]:
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    def _answer(self, call: Callable[[], dict[str, Any]], address: str, *wanted: str) -> dict[str, Any]:
        """Return the complete answer of a request that may be retried; see `s3_client.complete_answer`."""
        return complete_answer(call, address, self._seconds, self._attempts, wanted)

    def _entry(self, path: str, size: int, head: dict[str, Any]) -> Entry:
        return Entry(path, size, head["LastModified"].replace(microsecond=0), etag=head["ETag"].strip('"'))

    def stat(self, path: str) -> Entry | None:
        """Return the entry of one file, or None if it does not exist."""
        try:
            head = self._answer(
                lambda: self.client.head_object(Bucket=self.bucket, Key=self.base + path),
                self.at(path),
                "LastModified",
                "ETag",
                "ContentLength",
            )
        except FileNotFoundError:
            return None
        return self._entry(path, head["ContentLength"], head)

    def present(self, paths: Collection[str]) -> set[str]:
        """Return those of the files that exist."""
        if len(paths) > FEW_PATHS:
            folders = {path.partition("/")[0] for path in paths}
            listed = {entry.path for folder in folders for entry in self.every_entry(folder)}
            return listed.intersection(paths)
        return {entry.path for entry in map_in_order(self.stat, paths, STATS_AT_ONCE) if entry is not None}

    def open(self, path: str, etag: str = "") -> BinaryIO:
        """Open a file for reading; with `etag`, only if the object has this ETag.

        Raises:
            FileNotFoundError: the object does not exist.
            StoredObjectReplacedError: the object has another ETag; reading raises it too, if the object is replaced.
        """
        if self._ahead is not None and (fetched := self._ahead.pop(path, etag)) is not None:
            return fetched
        return self._open_now(path, etag)

    def _open_now(self, path: str, etag: str) -> BinaryIO:
        key = self.base + path
        return cast(BinaryIO, ObjectReader(self.client, self.bucket, key, etag, self.at(path), self._seconds))

    @contextmanager
    def ahead(self, entries: Sequence[Entry]) -> Iterator[None]:
        """Prefetch small files; the caller opens each file once, in the given order."""
        with ObjectPrefetch(self._open_now, entries, self.workers) as self._ahead:
            try:
                yield
            finally:
                self._ahead = None

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        """Write a file atomically: it appears under its name only when it is complete."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            yield cast(BinaryIO, file)
            size = file.tell()
            file.seek(0)
            self.put(path, cast(IO[bytes], file), size)

    def put(self, path: str, file: IO[bytes], size: int, **conditions: str) -> None:
        """Upload an open file; `conditions` are arguments of the request, such as IfNoneMatch.

        Raises:
            StoredObjectReplacedError: a condition does not hold.
        """
        where = {"Bucket": self.bucket, "Key": self.base + path}

        def put() -> dict[str, Any]:
            if size > ONE_REQUEST_BYTES:
                self.client.upload_fileobj(file, **where)
                return {}
            answer: dict[str, Any] = self.client.put_object(Body=file, **where, **conditions)
            return answer

        complete_answer(put, self.at(path), time_for(size, self._seconds))

    def put_new(self, path: str, file: Path) -> bool:
        """Upload a file unless an object of this name exists; return whether it was uploaded."""
        if self.stat(path) is not None:
            return False
        with open_regular(file) as reader:
            try:
                self.put(path, reader, os.fstat(reader.fileno()).st_size, IfNoneMatch="*")
            except StoredObjectReplacedError:
                return False  # another process created it meanwhile
        return True

    def copy_within(self, seen: Entry, target: Store, target_path: str) -> bool:
        """Copy an object inside the store if it has the state of `seen`; return False if the store cannot.

        Raises:
            FileNotFoundError: the object no longer exists.
            StoredObjectReplacedError: the object has another state.
        """
        if not isinstance(target, ObjectStore):
            return False
        from boto3.s3.transfer import TransferConfig

        source = {"Bucket": self.bucket, "Key": self.base + seen.path}
        place = {"Bucket": target.bucket, "Key": target.base + target_path}
        condition = {"CopySourceIfMatch": f'"{seen.etag}"'}

        def copy() -> dict[str, Any]:
            if seen.size > ONE_REQUEST_BYTES:
                parts = TransferConfig(multipart_threshold=ONE_REQUEST_BYTES, multipart_chunksize=512 << 20)
                self.client.copy(source, **place, ExtraArgs=condition, Config=parts)
                return {}
            answer: dict[str, Any] = self.client.copy_object(CopySource=source, **place, **condition)
            return answer

        complete_answer(copy, self.at(seen.path), time_for(seen.size, self._seconds), self._attempts)
        return True

    def remove(self, path: str, etag: str = "") -> None:
        """Remove a file, after its marker; a missing file is not an error, and a file with another ETag stays."""
        self.remove_marker(path)
        self._delete(path, {"IfMatch": f'"{etag}"'} if etag else {})

    def remove_marker(self, path: str) -> None:
        """Remove a file's marker; a missing marker is not an error."""
        self._delete(path + DONE_SUFFIX, {})

    def _delete(self, path: str, condition: dict[str, str]) -> None:
        try:
            self._answer(
                lambda: self.client.delete_object(Bucket=self.bucket, Key=self.base + path, **condition), self.at(path)
            )
        except (FileNotFoundError, StoredObjectReplacedError):
            pass
        except OSError as error:
            # Some stores do not support conditional deletes; the caller has checked the state just before.
            if not condition or error_code(cast(Exception, error.__cause__)) not in ("NotImplemented", "501"):
                raise
            self._delete(path, {})

    def local_path(self, path: str) -> Path | None:  # noqa: ARG002
        """Return None: the store is remote."""
        return None

    def at(self, path: str) -> str:
        """Return the address of a file."""
        return f"{self.address}/{path}"


def _why_left_out(entry: Entry, items: Collection[str]) -> tuple[str, IgnoredName | None]:
    """Return the path of the object, or of an ignored folder above it, and why it is left out; None if it is not."""
    parts = entry.path.split("/")
    for depth, name in enumerate(parts, 1):
        why = why_ignored(name)
        if why is not None:
            return "/".join(parts[:depth]), why
    return entry.path, why_unfinished_beside(entry.path, entry.size, items)


def _marked(entry: Entry, has_done: bool) -> Entry:
    return Entry(entry.path, entry.size, entry.modified, has_done, entry.etag)
