"""Locates the first syntax error in invalid JSON.

Here: the search, from the begin of an element on. Not here: the walk over the elements (array_reader.py), which cuts
by brackets and may so come upon a later mistake first.
"""

import json
from typing import Any, NamedTuple

from vsf_assets.readers.json.elements import skip_spaces


def _nothing(_: Any) -> None:
    return None


_STRICT = json.JSONDecoder(object_pairs_hook=_nothing, parse_int=_nothing, parse_float=_nothing)
"""Keeps nothing of objects and numbers: only where it stops is asked for."""

_WORDS = (b"true", b"false", b"null")


class Mistake(NamedTuple):
    """A mistake: its position in the data, what the parser says, and whether the data may just end too soon."""

    at: int
    reason: str
    is_cut_off: bool


def first_mistake(data: bytes, begin: int) -> Mistake | None:
    """Return the first mistake of the element that begins at `begin`, or right behind it.

    Args:
        data: JSON, in which an element of an array begins at `begin`.
        begin: its position.

    Returns:
        None where a comma or the array's end follows a valid element, or it is nested too deeply to tell.
    """
    text = data[begin:].decode("utf-8", "surrogateescape")
    try:
        end = _STRICT.raw_decode(text)[1]
    except RecursionError:
        return None
    except json.JSONDecodeError as error:
        at = begin + bytes_before(text, error.pos)
        rest = data[at:]
        is_word = bool(rest) and any(word.startswith(rest) for word in _WORDS)
        return Mistake(at, error.msg.removesuffix(" at"), not rest or is_word or error.msg.startswith("Unterminated"))
    at = skip_spaces(data, begin + bytes_before(text, end))
    if data[at : at + 1] in (b",", b"]"):
        return None
    return Mistake(at, "Expecting ',' delimiter", at >= len(data))


def bytes_before(text: str, characters: int) -> int:
    """Return how many bytes the first characters of a text were decoded from."""
    return len(text[:characters].encode("utf-8", "surrogateescape"))
