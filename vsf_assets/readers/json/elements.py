"""Locates the elements of a JSON array in its bytes.

Here: the search for start and end of an element, whatever it holds, and `Chunk`, parsed elements with their bytes. Not
here: the loop over a file (array_reader.py).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from vsf_assets.readers.common.byte_stream import UnreadableError

SHOWN_BEFORE = 200
"""Number of bytes before a mistake that a finding shows."""

SPACES = b" \t\n\r"
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{},]', re.DOTALL)
"""A string (or the start of one that the buffer cuts off), a bracket, or a comma. The quantifiers are possessive:
the memory for backtracking would grow with each escape."""

_SPACE_RUN = re.compile(rb"[ \t\n\r]*+")


@dataclass
class Chunk:
    """Consecutive elements of the array.

    Attributes:
        values: the parsed elements; None for an element that the fast parser refused.
        body: the bytes that hold them.
        first_index: index of the first element in the array.
        offset: position of the body in the file, in bytes.
        refused: indexes in `values` of elements that the fast parser refused.
    """

    values: list[Any]
    body: bytes
    first_index: int
    offset: int
    refused: list[int] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)

    def span(self, place: int) -> tuple[int, int]:
        """Return start and end of an element in the body."""
        at = 0
        while len(self._spans) < len(self.values):
            begin, end, after = next_element(self.body, at)
            self._spans.append((begin, end))
            at = after + 1
        return self._spans[place]

    def raw(self, place: int) -> bytes:
        """Return the bytes of an element."""
        begin, end = self.span(place)
        return self.body[begin:end]


class IncompleteError(Exception):
    """The data ends inside an element."""


class MisplacedError(Exception):
    """A character stands where no element can be; `at` is its position in the data."""

    def __init__(self, at: int, reason: str):
        super().__init__(reason)
        self.at = at
        self.reason = reason


def next_element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return start and end of the element at `at`, and the position of the `,` or `]` after it.

    The end of the data is such a position too, because a chunk's body ends after its last element.

    Raises:
        IncompleteError: the data ends inside the element.
        MisplacedError: there is no element.
    """
    depth, begin = 0, skip_spaces(data, at)
    for token in _TOKEN.finditer(data, begin):
        kind = data[token.start()]
        if kind == 34:  # a string; one that the data cuts off is the last token
            continue
        if kind in b"[{":
            depth += 1
        elif kind in b"]}" and depth:
            depth -= 1
        elif depth == 0:
            end = token.start()
            if kind == 125:
                raise MisplacedError(end, "a } closes nothing")
            return begin, end_before_spaces(data, begin, end), end
    if depth:
        raise IncompleteError
    return begin, end_before_spaces(data, begin, len(data)), len(data)


def skip_spaces(data: bytes, at: int) -> int:
    """Return the first position from `at` on that is not white space."""
    found = _SPACE_RUN.match(data, at)
    return found.end() if found else at


def end_before_spaces(data: bytes, begin: int, end: int) -> int:
    """Return the end of `data[begin:end]` without trailing white space; reads only the trailing part."""
    step = 64
    while end > begin:
        low = max(begin, end - step)
        kept = len(data[low:end].rstrip(SPACES))
        if kept:
            return low + kept
        end, step = low, 2 * step
    return end


def invalid_json(chunk: Chunk, place: int, error: json.JSONDecodeError) -> UnreadableError:
    """Return the error for a refused element that is not valid JSON."""
    raw = chunk.raw(place)
    at = len(error.doc[: error.pos].encode("utf-8", "surrogateescape"))
    text = raw[max(0, at - SHOWN_BEFORE) : at + 1].decode(errors="backslashreplace").replace("\0", "\\x00")
    mistake = error.msg.removesuffix(" at")
    reason = (
        f"the JSON is not valid in record {chunk.first_index + place:,}: {mistake}; deliver it again"
        f" (byte {chunk.offset + chunk.span(place)[0] + at:,})"
    )
    return UnreadableError("unreadable_file", reason, None, text)
