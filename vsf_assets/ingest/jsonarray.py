"""A JSON array to chunks of its elements, each with its index and its exact bytes, in bounded memory.

Here: the walk over the file: whole blocks by the fast parser, and element by element around what that
one refuses. Not here: what an element must hold (jsonrecords.py) and how it is checked (jsonrows.py).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from vsf_assets.ingest.contents import content_instead_of_json
from vsf_assets.ingest.delimited import ByteSource
from vsf_assets.ingest.jsonelements import (
    SHOWN_BEFORE,
    SPACES,
    Chunk,
    IncompleteError,
    MisplacedError,
    next_element,
    skip_spaces,
)
from vsf_assets.ingest.records import BOM
from vsf_assets.ingest.source import UnreadableError

BLOCK = 16 << 20
"""Bytes that are parsed at once."""

LONGEST_ELEMENT = 256 << 20
"""Bytes after which an element is given up, and the file with it."""

_CANDIDATES = 64


class ArrayReader:
    """Reads a file that holds one JSON array.

    Args:
        source: the decompressed bytes, as UTF-8.
    """

    def __init__(self, source: ByteSource):
        self._source = source
        self._data = b""
        self._at = 0
        self._offset = 0
        self._ended = False
        self._index = 0
        self._closed = False

    def chunks(self) -> Iterator[Chunk]:
        """Yield the elements; nothing where the file is blank.

        Raises:
            UnreadableError: the file is no JSON array, or not all of one.
        """
        self._fill(BLOCK + len(BOM))
        if self._data.startswith(BOM):
            self._at = len(BOM)
        if not self._more():
            return
        if self._data[self._at] != 91:
            content = content_instead_of_json(self._data)
            if content is not None:
                place = f"it does not begin with [ (byte {self._offset + self._at:,})"
                reason = f"the file is not a JSON array: {place}; it is {content.what}; {content.advice}"
                raise UnreadableError(content.anomaly, reason, None, content.text)
            raise self.error(self._at, "the file is not a JSON array: it does not begin with [")
        self._at += 1
        while not self._closed:
            self._fill(BLOCK)
            chunk = self._fast() or self._exact()
            self._index += len(chunk.values)
            yield chunk
        if self._more():
            raise self.error(self._at, "the JSON is not valid: something follows the end of the array")

    def error(self, at: int, reason: str) -> UnreadableError:
        """Return what to raise for a mistake at a position of the buffer."""
        before = self._data[max(0, at - SHOWN_BEFORE) : at + 1]
        text = before.decode(errors="backslashreplace").replace("\0", "\\x00")
        return UnreadableError("unreadable_file", f"{reason} (byte {self._offset + at:,})", None, text)

    def _fill(self, size: int) -> None:
        """Have at least `size` bytes at hand, or all there are."""
        missing = size - (len(self._data) - self._at)
        if missing > 0 and not self._ended:
            more = self._source.read(missing)
            self._ended = len(more) < missing
            self._offset += self._at
            self._data = self._data[self._at :] + more if self._at or self._data else more
            self._at = 0

    def _more(self) -> bool:
        """Step over spaces; return whether anything follows."""
        while True:
            self._at = skip_spaces(self._data, self._at)
            if self._at < len(self._data) or self._ended:
                return self._at < len(self._data)
            self._fill(BLOCK)

    def _fast(self) -> Chunk | None:
        """Take a block of elements by the fast parser, or nothing."""
        end, after = self._end_of_array() if self._ended else self._last_boundary()
        if end < self._at:
            return None
        body = self._data[self._at : end]
        try:
            values = orjson.loads(b"[%b]" % body)
        except orjson.JSONDecodeError:
            return None
        if not values and self._index:
            return None  # a comma with nothing behind it
        chunk = Chunk(values, body, self._index, self._offset + self._at)
        self._at, self._closed = after, self._ended
        return chunk

    def _end_of_array(self) -> tuple[int, int]:
        """Return (end of the last element, end of the array), if the data ends in one."""
        end = len(self._data.rstrip(SPACES))
        return (end - 1, end) if self._data[end - 1 : end] == b"]" else (-1, -1)

    def _last_boundary(self) -> tuple[int, int]:
        """Return (end of an element, begin of the next) late in the buffer.

        It is a guess; that the elements up to it parse proves it, since they begin at an element.
        """
        at = len(self._data)
        for _ in range(_CANDIDATES):
            at = self._data.rfind(b"{", self._at, at)
            if at < 0:
                break
            comma = len(self._data[self._at : at].rstrip(SPACES)) + self._at - 1
            if self._data[comma : comma + 1] == b",":
                end = len(self._data[self._at : comma].rstrip(SPACES)) + self._at
                if self._data[end - 1 : end] == b"}":
                    return end, at
        return -1, -1

    def _exact(self) -> Chunk:
        """Take about a block of elements one by one; a whole array where it fits."""
        begin, at, spans = self._at, self._at, []
        values: list[Any] = []
        refused: list[int] = []
        while not self._closed and at - begin < BLOCK:
            try:
                first, end, after = next_element(self._data, at)
                if after == len(self._data):
                    raise IncompleteError
            except MisplacedError as error:
                raise self._invalid(error.at, len(values), error.reason) from None
            except IncompleteError:
                if values and not self._ended:
                    break
                begin, at = self._grow(at, len(values)), self._at
                continue
            self._closed = self._data[after] == 93
            if first == end:
                if self._closed and not values and not self._index:
                    at = after + 1
                    break  # an empty array
                raise self._invalid(first, len(values), "a value is missing")
            values.append(_parsed(self._data[first:end], len(values), refused))
            spans.append((first - begin, end - begin))
            at = after + 1
        self._at = at
        return Chunk(values, self._data[begin:at], self._index, self._offset + begin, refused, spans)

    def _grow(self, at: int, place: int) -> int:
        """Have more of the element at hand that stands first in the buffer; return where it begins."""
        index = self._index + place
        if self._ended:
            begin = skip_spaces(self._data, at)
            reason = (
                f"the JSON is truncated: it ends inside record {index:,}, which begins at byte {self._offset + begin:,}"
            )
            raise self.error(len(self._data), reason + ", or a quote or bracket is missing there; deliver it again")
        if len(self._data) - at > LONGEST_ELEMENT:
            raise self.error(at, f"record {index:,} is longer than {LONGEST_ELEMENT:,} bytes")
        self._fill(2 * (len(self._data) - at) + BLOCK)
        return self._at

    def _invalid(self, at: int, place: int, reason: str) -> UnreadableError:
        return self.error(at, f"the JSON is not valid in record {self._index + place:,}: {reason}; deliver it again")


def _parsed(raw: bytes, place: int, refused: list[int]) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        refused.append(place)
        return None


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Let nobody look for garbage while thousands of objects are made, all alive: it costs half of making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
