"""Reads an S3 object as a stream that resumes after a broken connection, and prefetches small objects.

Here: resuming a read at the position where the connection broke, as long as the object is unchanged; and a window of
objects that threads prefetch. Not here: requests without any answer (the client retries them).
"""

import hashlib
import io
import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from vsf_assets.storage.boto_private import prompt
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.s3_client import (
    PAUSE_SECONDS,
    ObjectStoreError,
    StoredObjectReplacedError,
    complete_answer,
    cut_off,
    plain_errors,
    time_for,
    too_slow,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

_MD5 = re.compile(r'"[0-9a-f]{32}"')
PROGRESS_BYTES = 64 << 10
"""Bytes read after a broken connection that reset the count of broken connections."""

SMALL_BYTES = 4 << 20
"""Largest size of objects that are prefetched, one per thread; this bounds the memory."""


class ObjectReader(io.RawIOBase):
    """A raw stream of one state of an object.

    Args:
        client: the S3 client.
        bucket, key: the object.
        etag: the required ETag; empty for the current one.
        address: address of the object, for messages.
        seconds: base time limit of an object (s3_client.time_for adds time for its size); only the time inside reads
            counts.

    Raises:
        FileNotFoundError: the object does not exist.
        StoredObjectReplacedError: it has another ETag.
        ObjectError: no complete answer arrives in time.
    """

    def __init__(self, client: Any, bucket: str, key: str, etag: str, address: str, seconds: float = 120.0):
        self._client, self._bucket, self._key, self._address = client, bucket, key, address
        self._etag = f'"{etag}"' if etag else ""
        self._at = 0
        self._body: Any = None
        self._connections = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._size, self._seconds, self._spent = 0, seconds, 0.0
        self._attempts: int = client.meta.config.retries["total_max_attempts"]
        self._breaks, self._broke_at = 0, 0
        with self._clock():
            self._connect()

    @contextmanager
    def _clock(self) -> Iterator[None]:
        """Measure the time that is spent on the object.

        Raises:
            ObjectError: the time limit is exceeded.
        """
        begin = time.monotonic()
        try:
            yield
        finally:
            self._spent += time.monotonic() - begin
        if self._spent > self._time and self._at < self._size:
            raise too_slow(self._address, self._time, self._progress)

    @property
    def _time(self) -> float:
        return time_for(self._size, self._seconds)

    @property
    def _progress(self) -> str:
        return f" ({self._at:,} of {self._size:,} bytes came)"

    def _connect(self) -> None:
        condition = {"IfMatch": self._etag} if self._etag else {}
        if self._at:
            condition["Range"] = f"bytes={self._at}-"
        answer = self._complete_answer(condition)
        if self._etag and answer["ETag"] != self._etag:  # the server does not support conditions
            answer["Body"].close()
            raise StoredObjectReplacedError(f"{self._address} was replaced meanwhile")
        if not self._at:
            self._size = int(answer["ContentLength"])
        self._connections += 1
        self._is_encrypted = (
            str(answer.get("ServerSideEncryption", "")).startswith("aws:") or "SSECustomerKeyMD5" in answer
        )
        self._etag, self._body = answer["ETag"], prompt(answer["Body"])

    def _complete_answer(self, condition: dict[str, str]) -> dict[str, Any]:
        """Request the object until the answer's headers are complete."""
        return complete_answer(
            lambda: self._client.get_object(Bucket=self._bucket, Key=self._key, **condition),
            self._address,
            max(0.05, self._time - self._spent),
            self._attempts,
            ("ETag", "ContentLength"),
        )

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; after a broken connection, resume at the position where it broke.

        Raises:
            StoredObjectReplacedError, FileNotFoundError: the object was replaced or removed after it was opened.
            ObjectStoreError: the connection broke too often, or the time limit is exceeded.
        """
        while True:
            with self._clock():
                try:
                    return self._read(buffer)
                except _broken() as error:
                    self._broken(error)
                    time.sleep(PAUSE_SECONDS * (1 + random.random()))  # noqa: S311

    def _broken(self, error: Exception) -> None:
        """Drop a broken connection; raise an error if too many broke with little progress between them."""
        from botocore.exceptions import ReadTimeoutError

        self._body.close()
        self._body = None
        self._breaks = 1 if self._at - self._broke_at >= PROGRESS_BYTES else self._breaks + 1
        self._broke_at = self._at
        if self._breaks < self._attempts:
            return
        if isinstance(error, ReadTimeoutError):
            with plain_errors(self._address):
                raise error
        raise cut_off(self._address, self._breaks, self._progress) from error

    def _read(self, buffer: Any) -> int:
        if self._at >= self._size:
            self._check_sum()
            return 0
        if self._body is None:
            self._connect()
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        self._digest.update(data)
        return len(data)

    def _check_sum(self) -> None:
        """Verify the content: the client compares its checksum at the end of a body; after a resume, compare the MD5.

        An ETag of 32 hexadecimal digits is the MD5, unless the object is encrypted with its own key.
        """
        if self._connections > 1 and _MD5.fullmatch(self._etag) and not self._is_encrypted:
            if self._etag.strip('"') != self._digest.hexdigest():
                raise ObjectStoreError(f"{self._address} came in pieces that do not fit together; run again")
        elif self._body is not None:
            with plain_errors(self._address):
                self._body.read(1)

    def close(self) -> None:
        """Close the connection; unread bytes are not fetched."""
        if self._body is not None:
            self._body.close()
        super().close()


class ObjectPrefetch:
    """Prefetches small objects by threads while the caller processes earlier ones.

    Args:
        open_one: opens an object by path and ETag.
        entries: objects in the order in which the caller opens them, once each.
        workers: number of objects that are being fetched, or are fetched and not yet opened.
    """

    def __init__(self, open_one: Callable[[str, str], BinaryIO], entries: Sequence[Entry], workers: int):
        from concurrent.futures import ThreadPoolExecutor

        self._open = open_one
        self._pool = ThreadPoolExecutor(workers)
        self._todo = deque(e for e in entries if e.etag and e.size <= SMALL_BYTES)
        self._fetched: dict[tuple[str, str], Future[bytes]] = {}
        for _ in range(workers):
            self._next()

    def __enter__(self) -> "ObjectPrefetch":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def pop(self, path: str, etag: str) -> BinaryIO | None:
        """Return an object's content, or None if it is not prefetched; raises the errors of opening it."""
        found = self._fetched.pop((path, etag), None)
        if found is None:
            return None
        self._next()
        return io.BytesIO(found.result())

    def _next(self) -> None:
        if self._todo:
            entry = self._todo.popleft()
            self._fetched[entry.path, entry.etag] = self._pool.submit(self._fetch, entry)

    def _fetch(self, entry: Entry) -> bytes:
        with self._open(entry.path, entry.etag) as file:
            return file.read()


def _broken() -> tuple[type[Exception], ...]:
    """Return the exception types of a connection that breaks during a read."""
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    return (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
