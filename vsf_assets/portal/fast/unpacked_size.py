"""Stops files that unpack to far more than they are, while their bytes arrive.

Here: the count of a gzip stream's content, which is thrown away. Not here: whether the content can be read; a broken
stream is delivered, and its receipt says why it is unreadable.
"""

import zlib

RATIO = 250
"""Bytes of content per compressed byte from which on a file is refused; tables compress to a third up to a fiftieth."""

FREE_BYTES = 32 << 20
"""Content up to which the ratio does not count."""

_MAGIC = b"\x1f\x8b"
_AT_ONCE = 1 << 20


class UnpackedTooLargeError(ValueError):
    """The content is too large; the message says so."""


class UnpackedSize:
    """Counts the content of one file.

    Args:
        most: largest content in bytes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._packed = self.size = 0
        self._head = b""
        self._is_open = True
        self._unpacker = zlib.decompressobj(31)

    def feed(self, data: bytes) -> None:
        """Count further bytes of the file.

        Raises:
            UnpackedTooLargeError: the content is larger than allowed, or out of proportion.
        """
        if not self._is_open:
            return
        if self._packed + len(self._head) < len(_MAGIC):
            self._head += data
            if len(self._head) < len(_MAGIC):
                return
            data, self._head = self._head, b""
        if not self._packed and not data.startswith(_MAGIC):
            self._is_open = False
            return
        self._packed += len(data)
        try:
            self._count(data)
        except zlib.error:
            self._is_open = False

    def _count(self, data: bytes) -> None:
        while data:
            self.size += len(self._unpacker.decompress(data, _AT_ONCE))
            self._check()
            if not self._unpacker.eof:
                data = self._unpacker.unconsumed_tail
                continue
            data = self._unpacker.unused_data.lstrip(b"\0")  # files of several members, or filled up with zeros
            self._unpacker = zlib.decompressobj(31)

    def _check(self) -> None:
        if self.size > self._most:
            raise UnpackedTooLargeError(
                f"its content has more than {self._most:,} bytes (VSF_PORTAL_UNPACKED_MAX); split the file"
            )
        if self.size > FREE_BYTES and self.size > RATIO * self._packed:
            raise UnpackedTooLargeError(
                f"its content is more than {RATIO} times as large as the file, as of files that are made to do harm;"
                " deliver it without compression if it is a real one"
            )
