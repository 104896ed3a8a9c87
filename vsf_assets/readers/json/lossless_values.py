"""JSON values without loss: all digits of numbers, duplicate names, invalid surrogates.

Here: the decoder that keeps these, and the display of values as text. Not here: the validation of a record
(exact_validator.py).
"""

import json
from collections import Counter
from typing import Any

from vsf_assets.readers.common.content_types import likely_encoding
from vsf_assets.readers.common.displayable_text import SHOWN_TEXT, show


class Number(str):
    """A number as written in the file."""

    __slots__ = ()


class Integer(Number):
    """A whole number as written in the file."""

    __slots__ = ()


class Constant(str):
    """NaN or Infinity, which are not valid JSON."""

    __slots__ = ()


class JsonObject(dict[str, Any]):
    """A JSON object, with the names that it has more than once."""

    __slots__ = ("doubled",)

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.doubled: tuple[str, ...] = ()
        if len(pairs) != len(self):
            counts = Counter(name for name, _ in pairs)
            self.doubled = tuple(sorted(name for name, count in counts.items() if count > 1))


DECODER = json.JSONDecoder(object_pairs_hook=JsonObject, parse_int=Integer, parse_float=Number, parse_constant=Constant)


def is_text(value: str) -> bool:
    """Whether a text can be stored: it has no NUL and no lone surrogate."""
    return (value.isascii() and "\0" not in value) or not why_no_text(value)


def why_no_text(value: str) -> str:
    """Return why a text cannot be stored; an empty text if it can."""
    if "\0" in value:
        return "holds a NUL character, which no text has; export it again"
    lone = {ord(character) for character in value if 0xD800 <= ord(character) <= 0xDFFF}
    if not lone:
        return ""
    # The decoder maps invalid UTF-8 bytes to this range. Escapes of this range map to it too, but do not occur.
    if not all(0xDC80 <= code <= 0xDCFF for code in lone):
        return "holds half a character (one of a surrogate pair); export it again"
    likely = likely_encoding(value.encode("utf-8", "surrogateescape"))
    return "is not valid UTF-8" + (
        f"; {likely}: save it as UTF-8, or name the encoding in the profile" if likely else ""
    )


def kind_of(value: Any) -> str:
    """Return the kind of a value in words."""
    if isinstance(value, Constant):
        return f"{value}, which is no JSON"
    if isinstance(value, Number):
        return "a whole number" if isinstance(value, Integer) else "a number with a point or an exponent"
    names = {str: "text", bool: "true or false", dict: "an object", JsonObject: "an object", list: "an array"}
    return names.get(type(value), "null")


def shown(value: Any) -> str:
    """Return a value as JSON text, with its numbers as written; a long text is cut."""
    try:
        return storable(_written(value)[:SHOWN_TEXT])
    except RecursionError:
        return "…"


def _written(value: Any) -> str:
    if isinstance(value, Number | Constant):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(n, ensure_ascii=False)}: {_written(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def shown_name(name: str) -> str:
    """Return a field's name as text that can be stored."""
    return storable(name)[:200]


def storable(text: str) -> str:
    r"""Return a text that can be stored: NUL and lone surrogates become `\xNN`."""
    try:
        return show(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # half a surrogate pair, written as an escape
        return show(text.encode("utf-8", "surrogatepass"))
