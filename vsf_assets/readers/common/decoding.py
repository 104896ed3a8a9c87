"""Decodes the text of a delivery to UTF-8.

Here: a transcoding stream, an iterator over lines, and reading a small file as a whole. Not here: parsing the text.
"""

import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.common.displayable_text import BOM, MAX_RECORD
from vsf_assets.readers.common.limits import DESCRIPTION_BYTES

if TYPE_CHECKING:
    from vsf_assets.readers.common.byte_stream import ByteStream

_STEP = 4 << 20
LINES_BYTES = 1 << 20
"""Size of the lines that are read at once, in bytes."""

_SAME = {"utf-8", "utf-8-sig"}


class _Transcoded:
    """A byte stream that transcodes to UTF-8; bytes that are invalid in the encoding pass unchanged."""

    def __init__(self, stream: "ByteStream", encoding: str):
        self._stream = stream
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
            raw = self._stream.read(_STEP)
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


def utf8(stream: "ByteStream", encoding: str) -> "ByteStream":
    """Return a byte stream of the same text in UTF-8.

    Args:
        stream: the bytes as delivered.
        encoding: a name that Python knows.
    """
    return stream if codecs.lookup(encoding).name in _SAME else _Transcoded(stream, encoding)


def line_blocks(stream: "ByteStream") -> Iterator[tuple[int, list[bytes]]]:
    """Yield batches of lines, each with the number of its first line; numbers start at 1.

    Byte order mark and newlines are not part of the lines; no empty line follows the last newline.

    Raises:
        UnreadableError: the bytes cannot be read, or a line is longer than 2 MB.
    """
    rest, number, is_first, step = b"", 1, True, b""
    while is_first or len(step) == LINES_BYTES:
        step = stream.read(LINES_BYTES)
        data = rest + step
        if is_first:
            data = data.removeprefix(BOM)
        is_first = False
        lines = data.split(b"\n")
        rest = lines.pop() if len(step) == LINES_BYTES or not lines[-1] else b""
        longest = max((len(line) for line in (*lines, rest)), default=0)
        if longest > MAX_RECORD:
            reason = f"a line from line {number:,} on is longer than {MAX_RECORD:,} bytes; is it the right file?"
            raise UnreadableError("unreadable_file", reason, number)
        if lines:
            yield number, lines
        number += len(lines)
    if rest:
        yield number, [rest]


def read_all(stream: "ByteStream", maximum: int = DESCRIPTION_BYTES) -> bytes:
    """Return all bytes of a file of a small kind; stop decompressing at the limit.

    Args:
        stream: the bytes of the file.
        maximum: the largest decompressed size, in bytes.

    Raises:
        UnreadableError: the bytes cannot be read, or there are more than `maximum`.
    """
    parts, left = [], maximum
    while True:
        step = min(_STEP, left + 1)
        part = stream.read(step)
        parts.append(part)
        left -= len(part)
        if left < 0:
            reason = f"the file has more than {maximum:,} bytes (unpacked), which no file of its kind needs"
            raise UnreadableError("unreadable_file", f"{reason}; deliver the right one")
        if len(part) < step:
            return b"".join(parts)


def utf8_head(content: bytes, encoding: str) -> bytes:
    """Return the first bytes of a text in UTF-8, for recognizing its kind; unchanged if they do not decode.

    Args:
        content: the bytes as delivered.
        encoding: a name that Python knows.
    """
    if codecs.lookup(encoding).name in _SAME:
        return content
    return content.decode(encoding, "replace").encode("utf-8", "replace")


def has_long_line(content: bytes) -> bool:
    """Whether a line is longer than MAX_RECORD; searches in steps of that size, so that no line is copied."""
    at = 0
    while len(content) - at > MAX_RECORD:
        at = content.rfind(b"\n", at, at + MAX_RECORD + 1) + 1
        if not at:
            return True
    return False
