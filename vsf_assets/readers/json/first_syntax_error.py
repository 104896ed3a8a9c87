"""Locates the first syntax error in invalid JSON.

Here: the search from the start of an element. Not here: the loop over the elements (array_reader.py), which splits by
brackets and therefore may find a later mistake first.
"""

import json
from typing import Any, NamedTuple

from vsf_assets.readers.json.elements import skip_spaces


def _nothing(_: Any) -> None:
    return None


_STRICT = json.JSONDecoder(object_pairs_hook=_nothing, parse_int=_nothing, parse_float=_nothing)
"""Drops objects and numbers: only the position where it stops is used."""

_WORDS = (b"true", b"false", b"null")


class Mistake(NamedTuple):
    """A syntax error: position in the data, message of the parser, and whether the data may only be cut off."""

    at: int
    reason: str
    is_cut_off: bool


def first_mistake(data: bytes, begin: int) -> Mistake | None:
    """Return the first syntax error in, or directly after, the element at `begin`.

    Args:
        data: JSON, in which an element of an array begins at `begin`.
        begin: the position of the element.

    Returns:
        None if a comma or the array's end follows a valid element, or if the element is nested too deeply to parse.
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
    """Return the number of bytes from which the first characters of a text were decoded."""
    return len(text[:characters].encode("utf-8", "surrogateescape"))
