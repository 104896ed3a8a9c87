"""The mistake that is reported of a JSON file is its first one, where a strict parser of the whole file stops.

Here: random mutations of valid files, read in blocks of several sizes, against Python's own parser. Not here: which
records are good (test_json_property.py).
"""

import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets_tests.records import read, small_blocks

RECORDS = [
    {"type": "song", "data": {"artist_name": "Ä", "title": "T,[]{}", "year": 2000, "release": 'a"\\b'}},
    {"type": "book", "data": {"pages": [1, 2.5e3, [True, None], {"x": {}}]}},
    {"type": "app", "data": {"name": "n", "genre": "", "rating": -0.5, "version": "1", "size_bytes": 7}},
]
PIECES = [
    b"",
    b",",
    b"}",
    b"]",
    b"{",
    b"[",
    b'"',
    b"\\",
    b"\n",
    b"\0",
    b"x",
    b":",
    b"tru",
    b"1",
    b" ",
    b'{"a":1},',
    b"\xff",
]
SIZES = [1, 48, 16 << 20]


def reported(data: bytes) -> int | None:
    """Return the byte that the reader reports, or None where it reads the file."""
    unreadable = read(data).unreadable
    return int(re.search(r"\(byte ([\d,]+)\)", unreadable).group(1).replace(",", "")) if unreadable else None


def first_mistake(data: bytes) -> int | None:
    """Return the byte at which Python's parser stops in the whole file, or None where it is a valid array."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        return len(text[: error.pos].encode("utf-8", "surrogateescape"))
    return None if isinstance(found, list) else len(data) - len(data.lstrip())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Some records with a few bytes replaced, removed or put in, or cut off."""
    chosen = draw(st.lists(st.sampled_from(RECORDS), min_size=1, max_size=5))
    data = json.dumps(chosen, ensure_ascii=False, indent=draw(st.sampled_from([None, 1]))).encode()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(1, len(data)))
        data = data[:at] + draw(st.sampled_from(PIECES)) + data[at + draw(st.integers(0, 2)) :]
    return data[: draw(st.sampled_from([len(data), draw(st.integers(1, len(data)))]))]


@given(mutated(), st.sampled_from(SIZES))
@examples(max_examples=600, deadline=None)
def test_the_reported_byte_is_where_a_strict_parser_stops(data: bytes, size: int) -> None:
    with small_blocks(size):
        assert reported(data) == first_mistake(data)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("data", "byte"),
    [
        (b'[{"type": tru}, {"a": 1}}]', 10),  # a wrong word, then a bracket too many
        (b'[{"a": [1}, {"b": 2}]', 9),  # the wrong bracket; what follows fits again
        (b'[{"a" 1}, {"b": 2}] x', 6),  # a colon is missing, and something follows the end
        (b'[{"a": 01}, {"b": ', 8),  # a wrong number, and the end is missing
        (b'[{"a": "\n"}, {"b": "', 8),  # a newline in a text, and the end is missing
        (b"[1, 2,, 3, tru]", 6),
        (b'[{"a": "x}, {"b": "y"}]', 14),  # the quote opens at byte 7 and closes before b
    ],
)
def test_the_first_of_two_mistakes_is_reported(data: bytes, byte: int, size: int) -> None:
    with small_blocks(size):
        assert reported(data) == byte
