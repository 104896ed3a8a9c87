"""Suggests the name that a person probably meant.

Here: the comparison of a mistyped name with the known ones, and the sentence about it. Not here: which names are known.
"""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a word, without regard to case; None if no name is like it."""
    import difflib  # every command imports this module, and few suggest anything

    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), list(by_folded), 1)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question that follows a message, like "; did you mean clicks?"; empty if no known name is like it."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""
