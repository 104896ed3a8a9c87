"""The byte stream of a delivery: reads it once, hashes, decompresses and verifies it.

Here: the stream of one file with its SHA-256 and its gzip integrity. Not here: records. The hash and the records come
from the same single pass, so they always describe the same bytes.
"""

import hashlib
import io
from gzip import BadGzipFile
from typing import BinaryIO, Protocol, cast

from vsf_assets.common.visible_text import visible
from vsf_assets.readers.common.content_types import content_of
from vsf_assets.readers.common.limits import UNPACKED_BYTES

GZIP_MAGIC = b"\x1f\x8b"


class UnreadableError(Exception):
    """The whole file cannot be read; the ledger records it as `unreadable` with this anomaly and reason."""

    def __init__(self, anomaly: str, reason: str, line: int | None = None, raw_text: str | None = None):
        super().__init__(reason)
        self.anomaly = anomaly
        self.reason = reason
        self.line = line
        self.raw_text = raw_text


class _Hashing(io.RawIOBase):
    """A raw stream that hashes and counts the bytes that are read from it."""

    def __init__(self, raw: BinaryIO):
        self.raw = raw
        self.digest = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        size: int = self.raw.readinto(buffer)  # type: ignore[attr-defined]
        self.digest.update(memoryview(buffer)[:size])
        self.count += size
        return size


class FileStream:
    """The bytes of one delivery.

    Args:
        raw: the file as landed, opened for reading; `close` closes it.
        name: the file name; a file whose name ends in `.gz` must be gzip.
        maximum: the largest size of the decompressed content, in bytes.
    """

    def __init__(self, raw: BinaryIO, name: str, maximum: int = UNPACKED_BYTES):
        self._raw = raw
        self._hashing = _Hashing(raw)
        buffered = io.BufferedReader(self._hashing, buffer_size=1 << 20)
        start = buffered.peek(2)
        head = start[:2]
        self._stream: BinaryIO = buffered
        self._buffered = buffered
        self._error: UnreadableError | None = None
        self._maximum, self._left = maximum, maximum
        self._is_packed = head == GZIP_MAGIC
        self._damage: tuple[type[Exception], ...] = ()
        if head == GZIP_MAGIC:
            from isal import igzip, igzip_lib

            self._damage = (EOFError, BadGzipFile, cast(type[Exception], igzip_lib.IsalError))
            self._stream = cast(BinaryIO, igzip.IGzipFile(fileobj=buffered))  # type: ignore[no-untyped-call]
        elif name.lower().endswith(".gz") and head:
            other = content_of(start)
            what = f"it is {other.what}: {other.advice}" if other else "deliver it compressed or without .gz"
            self._error = UnreadableError("unreadable_file", f"{visible(name)} is named .gz but is not gzip; {what}")

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the decompressed content; fewer only at its end.

        Raises:
            UnreadableError: the gzip data is truncated or damaged, or its decompressed size is over the limit.
        """
        if self._error:
            raise self._error
        try:
            content = _read_exactly(self._stream, size)
        except self._damage as error:
            raise UnreadableError("unreadable_file", _gzip_reason(error)) from error
        self._left -= len(content)
        if self._is_packed and self._left < 0:
            raise UnreadableError(
                "unreadable_file",
                f"the gzip data unpacks to more than {self._maximum:,} bytes; if the file is meant to be so large,"
                " raise VSF_FILE_UNPACKED_MAX, else deliver it again",
            )
        return content

    def finish(self) -> tuple[str, int]:
        """Read the remaining bytes and return (SHA-256, size in bytes) of the file as landed."""
        while self._buffered.read(1 << 20):
            pass
        return self._hashing.digest.hexdigest(), self._hashing.count

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end; a gzip stream may return fewer at the end of each member."""
    first = stream.read(size)
    if len(first) == size or not first:
        return first
    parts, have = [first], len(first)
    while have < size and (more := stream.read(size - have)):
        parts.append(more)
        have += len(more)
    return b"".join(parts)


def _gzip_reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the gzip data is truncated: it ends before its end marker; deliver the file again"
    return f"the gzip data is damaged ({error}); deliver the file again"


class ByteStream(Protocol):
    """A stream of bytes that a reader parses; `FileStream` is one."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end."""
