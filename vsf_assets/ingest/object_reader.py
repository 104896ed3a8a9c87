"""An object as a stream that survives broken connections.

Here: reading on from where a connection broke, and only while the object is the same. Not here:
requests that got no answer at all (the client repeats them by itself).
"""

import io
import random
import time
from typing import Any

from vsf_assets.objects import ReplacedError, plain_errors

PAUSE_SECONDS = 0.2


class ObjectReader(io.RawIOBase):
    """A raw stream of one state of an object.

    Args:
        client: the S3 client.
        bucket, key: the object.
        etag: the state it must be in; empty for the one it is in now.
        address: for messages.

    Raises:
        FileNotFoundError: the object is not there.
        ReplacedError: it is in another state.
    """

    def __init__(self, client: Any, bucket: str, key: str, etag: str, address: str):
        self._client, self._bucket, self._key, self._address = client, bucket, key, address
        self._etag = f'"{etag}"' if etag else ""
        self._at = 0
        self._body: Any = None
        self._connect()

    def _connect(self) -> None:
        condition = {"IfMatch": self._etag} if self._etag else {}
        if self._at:
            condition["Range"] = f"bytes={self._at}-"
        with plain_errors(self._address):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **condition)
        if self._etag and answer["ETag"] != self._etag:  # a server that knows no conditions
            answer["Body"].close()
            raise ReplacedError(f"{self._address} was replaced meanwhile")
        if not self._at:
            self._size = int(answer["ContentLength"])
        self._etag, self._body = answer["ETag"], answer["Body"]

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; after a broken connection go on from where it broke.

        Raises:
            ReplacedError, FileNotFoundError: the object is no longer the one that was opened.
            ObjectStoreError: the connection broke again and again.
        """
        for attempt in range(self._client.meta.config.retries["total_max_attempts"], 0, -1):
            try:
                return self._read(buffer)
            except _broken():
                self._body.close()
                self._body = None
                if attempt == 1:
                    with plain_errors(self._address):
                        raise
                time.sleep(PAUSE_SECONDS * (1 + random.random()))  # noqa: S311
        raise AssertionError("unreachable")

    def _read(self, buffer: Any) -> int:
        if self._at >= self._size:
            self._check_sum()
            return 0
        if self._body is None:
            self._connect()
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _check_sum(self) -> None:
        """Let the client compare the checksum, which it does at the end of a body it saw whole."""
        if self._body is not None:
            with plain_errors(self._address):
                self._body.read(1)

    def close(self) -> None:
        """Close the connection; what was not read is not fetched."""
        if self._body is not None:
            self._body.close()
        super().close()


def _broken() -> tuple[type[Exception], ...]:
    """Return the errors of a connection that breaks while an object is read."""
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    return (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
