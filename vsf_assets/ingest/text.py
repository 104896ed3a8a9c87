"""The text of a delivery in UTF-8, whatever its sender wrote it in.

Here: transcoding as bytes pass, and reading all of a small file. Not here: what the text says.
"""

import codecs
from typing import TYPE_CHECKING

from vsf_assets.ingest.source import UnreadableError

if TYPE_CHECKING:
    from vsf_assets.ingest.delimited import ByteSource

_STEP = 4 << 20
_SAME = {"utf-8", "utf-8-sig"}


class _Transcoded:
    """A source whose bytes come as UTF-8; bytes that the encoding does not know pass as they are."""

    def __init__(self, source: "ByteSource", encoding: str):
        self._source = source
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._ready = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end.

        Raises:
            UnreadableError: the bytes are not in the encoding.
        """
        parts, have = [self._ready], len(self._ready)
        while have < size and not self._ended:
            raw = self._source.read(_STEP)
            self._ended = len(raw) < _STEP
            try:
                part = self._decoder.decode(raw, self._ended).encode("utf-8", "surrogateescape")
            except UnicodeError as error:
                reason = f"the file is not in {self._encoding}, which its source's profile names: {error}"
                raise UnreadableError("invalid_encoding", reason) from None
            parts.append(part)
            have += len(part)
        ready = b"".join(parts)
        self._ready = ready[size:]
        return ready[:size]


def utf8(source: "ByteSource", encoding: str) -> "ByteSource":
    """Return a source of the same text in UTF-8.

    Args:
        source: the bytes as delivered.
        encoding: a name that Python knows.
    """
    return source if codecs.lookup(encoding).name in _SAME else _Transcoded(source, encoding)


def read_all(source: "ByteSource") -> bytes:
    """Return all bytes of a file that is small by its nature.

    Raises:
        UnreadableError: the bytes cannot be read.
    """
    parts = []
    while part := source.read(_STEP):
        parts.append(part)
        if len(part) < _STEP:
            break
    return b"".join(parts)


def utf8_head(content: bytes, encoding: str) -> bytes:
    """Return a text in UTF-8 to recognize it by; as it is where it is not in its encoding.

    Args:
        content: the bytes as delivered.
        encoding: a name that Python knows.
    """
    if codecs.lookup(encoding).name in _SAME:
        return content
    return content.decode(encoding, "replace").encode("utf-8", "replace")
