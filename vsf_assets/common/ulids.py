"""Ids as people and addresses see them: 26 characters of Crockford's base 32, which sort by time.

Here: the text of a UUID and back, and the converter of addresses. A UUID of version 7 begins with its time, as a ULID
does, so its text is a ULID. Not here: making an id (portal/shared/random_ids.py).
"""

import uuid

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
LENGTH = 26


def ulid_of(number: uuid.UUID) -> str:
    """Return the text of an id."""
    return "".join(_DIGITS[number.int >> shift & 31] for shift in range(125, -5, -5))


def uuid_of(text: str) -> uuid.UUID:
    """Return the id of a text in upper case.

    Raises:
        ValueError: it is no id.
    """
    if len(text) != LENGTH or any(digit not in _VALUES for digit in text) or text[0] > "7":
        raise ValueError(f"{text[:40]!r} is no id")
    value = 0
    for digit in text:
        value = value << 5 | _VALUES[digit]
    return uuid.UUID(int=value)


class UlidConverter:
    """Ids in Django's addresses: `<ulid:name>`."""

    regex = f"[0-7][{_DIGITS}]{{{LENGTH - 1}}}"

    def to_python(self, value: str) -> uuid.UUID:
        """Return the id."""
        return uuid_of(value)

    def to_url(self, value: uuid.UUID) -> str:
        """Return the text."""
        return ulid_of(value)
