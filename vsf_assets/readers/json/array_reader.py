"""Splits a JSON array into chunks of elements, with the index and the bytes of each element, in bounded memory.

Here: the loop over the file: whole blocks by the fast parser, and single elements around those that the fast parser
refuses. Not here: the validation of elements (fast_validator.py, exact_validator.py).
"""

from collections.abc import Iterator
from typing import Any

import orjson

from vsf_assets.readers.common.byte_stream import ByteStream, UnreadableError
from vsf_assets.readers.common.content_types import content_instead_of_json
from vsf_assets.readers.common.displayable_text import BOM
from vsf_assets.readers.json.elements import (
    SHOWN_BEFORE,
    Chunk,
    IncompleteError,
    MisplacedError,
    end_before_spaces,
    next_element,
    skip_spaces,
)
from vsf_assets.readers.json.first_syntax_error import first_mistake

BLOCK = 16 << 20
"""Size of a block that is parsed at once, in bytes."""

LONGEST_ELEMENT = 16 << 20
"""Largest element in bytes; with a larger one the file is unreadable, since parsed it may take 30 times the memory."""

MOST_COMMAS = 500_000
"""Largest number of commas in a block: each may separate two small objects, which take more memory than bytes."""

MOST_VALUES = 100_000
"""Largest number of elements of a chunk that is parsed one by one."""

_CANDIDATES = 64


class ArrayReader:
    """Reads a file that holds one JSON array.

    Args:
        stream: the decompressed bytes, as UTF-8.
    """

    def __init__(self, stream: ByteStream):
        self._stream = stream
        self._data = b""
        self._at = 0
        self._offset = 0
        self._ended = False
        self._index = 0
        self._closed = False
        self._failure: UnreadableError | None = None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the elements; nothing if the file is blank.

        Raises:
            UnreadableError: the file is not a JSON array, or the array is incomplete.
        """
        self._fill(BLOCK + len(BOM))
        if self._data.startswith(BOM):
            self._at = len(BOM)
        if not self._more():
            return
        if self._data[self._at] != 91:
            raise self._no_array()
        self._at += 1
        while not self._closed:
            if len(self._data) - self._at < BLOCK // 2:
                self._fill(BLOCK)
            chunk = self._fast() or self._exact()
            self._index += len(chunk.values)
            yield chunk
        if self._more():
            raise self.error(self._at, "the JSON is not valid: something follows the end of the array")
        if self._failure:
            raise self._failure

    def _no_array(self) -> UnreadableError:
        """Return the error for a file that does not begin with an array; it names the kind of file if recognized."""
        content = content_instead_of_json(self._data)
        if content is None:
            return self.error(self._at, "the file is not a JSON array: it does not begin with [")
        place = f"it does not begin with [ (byte {self._offset + self._at:,})"
        reason = f"the file is not a JSON array: {place}; it is {content.what}; {content.advice}"
        return UnreadableError(content.anomaly, reason, None, content.text)

    def error(self, at: int, reason: str) -> UnreadableError:
        """Return the error for a mistake at a position of the buffer."""
        before = self._data[max(0, at - SHOWN_BEFORE) : at + 1]
        text = before.decode(errors="backslashreplace").replace("\0", "\\x00")
        return UnreadableError("unreadable_file", f"{reason} (byte {self._offset + at:,})", None, text)

    def _fill(self, size: int) -> None:
        """Fill the buffer to at least `size` bytes, or to the end; keep a read error until these bytes are parsed."""
        missing = size - (len(self._data) - self._at)
        if missing > 0 and not self._ended:
            try:
                more = self._stream.read(missing)
            except UnreadableError as error:
                if self._at >= len(self._data):
                    raise
                self._failure, more = error, b""
            self._ended = len(more) < missing
            self._offset += self._at
            self._data = self._data[self._at :] + more if self._at or self._data else more
            self._at = 0

    def _more(self) -> bool:
        """Skip white space; return whether anything follows."""
        while True:
            self._at = skip_spaces(self._data, self._at)
            if self._at < len(self._data) or self._ended:
                return self._at < len(self._data)
            self._fill(BLOCK)

    def _fast(self) -> Chunk | None:
        """Parse a block of elements by the fast parser; return None if it cannot."""
        limit = self._limit()
        is_last = self._ended and limit == len(self._data)
        end, after = self._end_of_array() if is_last else self._last_boundary(limit)
        if end < self._at:
            return None
        body = self._data[self._at : end]
        try:
            values = orjson.loads(b"[%b]" % body)
        except orjson.JSONDecodeError:
            return None
        if not values and self._index:
            return None  # a comma without a value after it
        chunk = Chunk(values, body, self._index, self._offset + self._at)
        self._at, self._closed = after, is_last
        return chunk

    def _limit(self) -> int:
        """Return the end of the data that is parsed at once."""
        size = len(self._data) - self._at
        while size > BLOCK // 256 and self._data.count(b",", self._at, self._at + size) > MOST_COMMAS:
            size //= 2
        return self._at + size

    def _end_of_array(self) -> tuple[int, int]:
        """Return (end of the last element, end of the array) if the data ends with the array, otherwise (-1, -1)."""
        end = end_before_spaces(self._data, self._at, len(self._data))
        return (end - 1, end) if self._data[end - 1 : end] == b"]" else (-1, -1)

    def _last_boundary(self, limit: int) -> tuple[int, int]:
        """Return (end of an element, start of the next one) near the end of the data before `limit`.

        The result is a guess. It is proven when the data up to it parses, because the data begins with an element.
        """
        at = limit
        for _ in range(_CANDIDATES):
            at = self._data.rfind(b"{", self._at, at)
            if at < 0:
                break
            comma = end_before_spaces(self._data, self._at, at) - 1
            if self._data[comma : comma + 1] == b",":
                end = end_before_spaces(self._data, self._at, comma)
                if self._data[end - 1 : end] == b"}":
                    return end, at
        return -1, -1

    def _exact(self) -> Chunk:
        """Parse about one block of elements one by one, up to the end of the array.

        The elements before a mistake are returned before the mistake is raised, because one of them may hold an earlier
        mistake.
        """
        is_empty = self._complete_first()
        begin, at, spans = self._at, self._at, []
        values: list[Any] = []
        refused: list[int] = []
        while not self._closed and at - begin < BLOCK and len(values) < MOST_VALUES:
            try:
                first, end, after = next_element(self._data, at)
            except (MisplacedError, IncompleteError):
                break
            if after == len(self._data) or (first == end and not is_empty):
                break
            self._closed = self._data[after] == 93
            at = after + 1
            if not is_empty:
                values.append(_parsed(self._data[first:end], len(values), refused))
                spans.append((first - begin, end - begin))
        self._at = at
        return Chunk(values, self._data[begin:at], self._index, self._offset + begin, refused, spans)

    def _complete_first(self) -> bool:
        """Fill the buffer until its first element is complete; return whether the array is empty.

        Raises:
            UnreadableError: there is no complete element.
        """
        first = end = after = len(self._data)
        while after == len(self._data):
            try:
                first, end, after = next_element(self._data, self._at)
            except MisplacedError as error:
                raise self._mistake(self._at, error.at, error.reason) from None
            except IncompleteError:
                after = len(self._data)
            if after == len(self._data):
                self._grow()
                after = len(self._data)
        if first < end:
            return False
        if self._index or self._data[after] != 93:
            raise self._invalid(first, "a value is missing")
        return True

    def _grow(self) -> None:
        """Read more bytes of the first element in the buffer, or raise the error of an element without an end."""
        at = self._at
        if self._ended:
            begin = skip_spaces(self._data, at)
            mistake = first_mistake(self._data, begin)
            if mistake and not mistake.is_cut_off:
                raise self._invalid(mistake.at, mistake.reason)
            if self._failure:
                raise self._failure
            reason = (
                f"the JSON is truncated: it ends inside record {self._index:,}, which begins at byte"
                f" {self._offset + begin:,}, or a quote or bracket is missing there; deliver it again"
            )
            raise self.error(mistake.at if mistake else len(self._data), reason)
        if len(self._data) - at > LONGEST_ELEMENT:
            mistake = first_mistake(self._data, skip_spaces(self._data, at))
            if mistake and not mistake.is_cut_off:
                raise self._invalid(mistake.at, mistake.reason)
            raise self.error(at, f"record {self._index:,} is longer than {LONGEST_ELEMENT:,} bytes")
        self._fill(2 * (len(self._data) - at) + BLOCK)

    def _mistake(self, begin: int, at: int, reason: str) -> UnreadableError:
        """Return the error for the first syntax error of an element, or for the given mistake if it comes first."""
        mistake = first_mistake(self._data, skip_spaces(self._data, begin))
        if mistake and mistake.at != at and not mistake.is_cut_off:
            return self._invalid(mistake.at, mistake.reason)
        return self._invalid(at, reason)

    def _invalid(self, at: int, reason: str) -> UnreadableError:
        return self.error(at, f"the JSON is not valid in record {self._index:,}: {reason}; deliver it again")


def _parsed(raw: bytes, place: int, refused: list[int]) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        refused.append(place)
        return None
