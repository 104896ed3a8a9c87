"""Makes invisible characters of a text visible in messages.

Here: which characters are invisible or change how others are displayed, and their replacement. Not here: bytes that
cannot be decoded (readers/delimited/exact_parser.py) and the messages.
"""

import unicodedata

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols without a visible glyph."""

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
"""Unicode categories without a shape of their own: control, format (zero-width, bidirectional), separators."""

SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""Spaces of Unicode beyond ASCII."""

PADDING = f" \t\r\n\v\f\x1c\x1d\x1e\x1f\x85{SPACES}\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Invisible characters that may surround a name or a key."""


def visible(text: str, keep: str = "") -> str:
    """Replace each invisible character of a text by its code point, like `<U+00A0>`.

    Invisible are control characters (line ends and tabs too), zero-width and bidirectional ones, soft hyphens, halves
    of surrogate pairs, and every space but the ordinary one.

    Args:
        text: any text.
        keep: characters that are not replaced, for example line ends in a text of several lines.
    """
    if text.isprintable() and _FILLERS.isdisjoint(text):
        return text
    return "".join(f"<U+{ord(c):04X}>" if c not in keep and _is_unseen(c) else c for c in text)


def quoted(text: str, maximum: int = 60) -> str:
    """Return a text in single quotes for a message: without invisible characters, and cut if it is long.

    Args:
        text: any text.
        maximum: maximum number of characters of it that are shown.
    """
    return f"'{visible(text[:maximum])}{'…' if len(text) > maximum else ''}'"


def _is_unseen(character: str) -> bool:
    if character == " ":
        return False
    return character in _FILLERS or unicodedata.category(character) in _UNSEEN
