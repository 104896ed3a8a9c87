"""Splits a JSON array into chunks of elements, with index and bytes of each, in bounded memory.

Here: the walk over the file: whole blocks by the fast parser, and element by element around what that
one refuses. Not here: what an element must hold (exact_validator.py) and how it is checked (fast_validator.py).
"""

from collections.abc import Iterator
from typing import Any

import orjson

from vsf_assets.readers.common.byte_stream import ByteSource, UnreadableError
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
"""Bytes that are parsed at once."""

LONGEST_ELEMENT = 16 << 20
"""Bytes after which an element is given up, and the file with it: parsed, it may take thirty times as much memory."""

MOST_COMMAS = 500_000
"""Commas in what is parsed at once: each may stand between two small objects, which take more memory than bytes."""

MOST_VALUES = 100_000
"""Elements that are taken one by one before what was taken is checked."""

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
        self._failure: UnreadableError | None = None

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
        """Return what to raise for a file that does not begin with an array: what it is, where that can be seen."""
        content = content_instead_of_json(self._data)
        if content is None:
            return self.error(self._at, "the file is not a JSON array: it does not begin with [")
        place = f"it does not begin with [ (byte {self._offset + self._at:,})"
        reason = f"the file is not a JSON array: {place}; it is {content.what}; {content.advice}"
        return UnreadableError(content.anomaly, reason, None, content.text)

    def error(self, at: int, reason: str) -> UnreadableError:
        """Return what to raise for a mistake at a position of the buffer."""
        before = self._data[max(0, at - SHOWN_BEFORE) : at + 1]
        text = before.decode(errors="backslashreplace").replace("\0", "\\x00")
        return UnreadableError("unreadable_file", f"{reason} (byte {self._offset + at:,})", None, text)

    def _fill(self, size: int) -> None:
        """Have at least `size` bytes at hand, or all there are; a failure waits until these are checked."""
        missing = size - (len(self._data) - self._at)
        if missing > 0 and not self._ended:
            try:
                more = self._source.read(missing)
            except UnreadableError as error:
                if self._at >= len(self._data):
                    raise
                self._failure, more = error, b""
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
            return None  # a comma with nothing behind it
        chunk = Chunk(values, body, self._index, self._offset + self._at)
        self._at, self._closed = after, is_last
        return chunk

    def _limit(self) -> int:
        """Return up to where the data is parsed at once."""
        size = len(self._data) - self._at
        while size > BLOCK // 256 and self._data.count(b",", self._at, self._at + size) > MOST_COMMAS:
            size //= 2
        return self._at + size

    def _end_of_array(self) -> tuple[int, int]:
        """Return (end of the last element, end of the array), if the data ends in one."""
        end = end_before_spaces(self._data, self._at, len(self._data))
        return (end - 1, end) if self._data[end - 1 : end] == b"]" else (-1, -1)

    def _last_boundary(self, limit: int) -> tuple[int, int]:
        """Return (end of an element, begin of the next) late in the data before `limit`.

        It is a guess; that the elements up to it parse proves it, since they begin at an element.
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
        """Take about a block of elements one by one; a whole array where it fits.

        Before a mistake is raised, the elements in front of it are handed over: one of them may hold an earlier one.
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
        """Have the whole element at hand that stands first in the buffer; return whether the array is empty.

        Raises:
            UnreadableError: there is no whole element.
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
        """Have more of the element at hand that stands first in the buffer."""
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
        """Return what to raise for the first mistake of an element, or else for what was found at a position."""
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
