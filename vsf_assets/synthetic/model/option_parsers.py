"""Parses and validates the options of a column.

Here: the parsers of single values (whole numbers, days, shares, ...). Not here: the options of each type
(column_types.py). Imports neither numpy nor polars, so it loads quickly.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.synthetic.model.date_formats import problem_of

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""Bounds of a whole number; every program that reads the files can hold 64 bits."""

_NAME = re.compile(r"[^\W_][\w .-]{0,79}")


@dataclass(frozen=True)
class Reader:
    """Converts a value of a schema file into the generator's value; it is called like a function.

    Attributes:
        kind: name of the kind of value, for a page or a program that builds schemas (type_catalog.py lists them).
        convert: the conversion; raises ValueError with the expected form.
        lowest, highest: inclusive bounds of a number, or of the length of a text or list; None if there are none.
        choices: the allowed values, if they are few.
    """

    kind: str
    convert: Callable[[Any], Any]
    lowest: int | Decimal | None = None
    highest: int | Decimal | None = None
    choices: tuple[str | int, ...] = ()

    def __call__(self, value: Any) -> Any:
        """Return the converted value."""
        return self.convert(value)


@dataclass(frozen=True)
class Option:
    """An option of a column type.

    Attributes:
        read: converts the value of the schema file into the generator's value.
        default: the value of a missing option; None if there is no default.
        meaning: description for docs and messages.
        is_required: whether every column of the type must have the option.
        column_types: types that the column may have which the option names; empty if it names no column.
    """

    read: Reader
    default: Any
    meaning: str
    is_required: bool = False
    column_types: tuple[str, ...] = ()


def _whole(value: Any) -> int:
    """Parse a whole number of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"{value} does not fit 64 bits ({LOWEST} to {HIGHEST})")
    return int(value)


def whole_between(lowest: int, highest: int) -> Reader:
    """Return a parser of whole numbers within inclusive bounds."""

    def read(value: Any) -> int:
        found = _whole(value)
        if not lowest <= found <= highest:
            raise ValueError(f"{found} is not between {lowest} and {highest}")
        return found

    return Reader("integer", read, lowest, highest)


def number_between(lowest: int, highest: int) -> Reader:
    """Return a parser of exact numbers within inclusive bounds."""

    def read(value: Any) -> Decimal:
        found = _number(value)
        if not lowest <= found <= highest:
            raise ValueError(f"{found} is not between {lowest} and {highest}")
        return found

    return Reader("decimal", read, Decimal(lowest), Decimal(highest))


def one_of(*choices: str) -> Reader:
    """Return a parser of a text that is one of some words."""

    def read(value: Any) -> str:
        if value not in choices:
            hint = did_you_mean(str(value), choices)
            raise ValueError(f"{value!r} is not allowed; write one of {', '.join(choices)}{hint}")
        return str(value)

    return Reader("choice", read, choices=choices)


def one_number_of(*choices: int) -> Reader:
    """Return a parser of a whole number that is one of some numbers."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or value not in choices:
            raise ValueError(f"{value!r} is not allowed; write one of {', '.join(map(str, choices))}")
        return int(value)

    return Reader("choice", read, choices=choices)


def _number(value: Any) -> Decimal:
    """Parse a number exactly as written; a float of a YAML or JSON file has its shortest decimal form."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"{value!r} is not a number")
    found = Decimal(str(value))
    if not found.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return found


def _share(value: Any) -> float:
    """Parse a share from 0 to 1."""
    found = float(_number(value))
    if not 0 <= found <= 1:
        raise ValueError(f"{value} is not a share between 0 and 1")
    return found


def _truth(value: Any) -> bool:
    """Parse true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _words(value: Any) -> str:
    """Parse a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a text; put it in quotes")
    return _storable(value)


def _schema_name(value: Any) -> str:
    """Parse the name of a schema, which is also the name of a folder."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text; put it in quotes")
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is not allowed; a name begins with a letter or digit, followed by letters, digits, spaces, _, -"
            " and ., at most 80 characters in all"
        )
    return value


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"{text!r} holds characters that cannot be stored (NUL, or half of a surrogate pair)")
    return text


def _day(value: Any) -> date:
    """Parse a day: ISO text, or a date of a YAML file."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.isoformat() != value:
        raise ValueError(f"{_shown(value)} is not a day written as 2024-12-31")
    return found


def _moment(value: Any) -> datetime:
    """Parse a time in whole seconds, UTC; a day means its first second."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str | datetime):
        raise ValueError(f"{value!r} is not a time written as 2024-12-31T23:59:59")
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a time written as 2024-12-31T23:59:59") from None
    if found.tzinfo is not None or found.microsecond:
        raise ValueError(f"{_shown(value)} has a time zone or parts of a second; times are UTC in whole seconds")
    return found


def _pattern(value: Any) -> str:
    """Parse a strftime format of days or times."""
    found = _words(value)
    problem = problem_of(found)
    if problem:
        raise ValueError(f"{found!r} {problem}")
    return found


def _plain_value(value: Any) -> str | int | float | bool:
    """Parse a text, a number, or true or false."""
    if isinstance(value, date):
        raise ValueError(f"{_shown(value)} is a day; put it in quotes, so that it is a text")
    if not isinstance(value, str | int | float) or (isinstance(value, float) and value - value != 0):
        raise ValueError(f"{value!r} is neither a text nor a number nor true or false")
    if isinstance(value, str):
        return _storable(value)
    return _whole(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _plain_values(value: Any) -> tuple[str | int | float | bool, ...]:
    """Parse a list of texts, numbers, true or false."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"{value!r} is not a list of values")
    return tuple(_plain_value(each) for each in value)


def _weights(value: Any) -> tuple[float, ...]:
    """Parse a list of weights, not all 0."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"{value!r} is not a list of numbers")
    found = tuple(float(_number(each)) for each in value)
    if min(found) < 0 or not 0 < sum(found) < float("inf"):
        raise ValueError(f"{value!r}: weights are 0 or more, and at least one is more than 0")
    return found


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else repr(value)


whole = Reader("integer", _whole, LOWEST, HIGHEST)
number = Reader("decimal", _number)
share = Reader("share", _share, 0, 1)
truth = Reader("boolean", _truth)
words = Reader("text", _words, 1)
schema_name = Reader("schema name", _schema_name, 1, 80)
day = Reader("date", _day)
moment = Reader("datetime", _moment)
pattern = Reader("date format", _pattern, 1)
plain_value = Reader("value", _plain_value)
plain_values = Reader("values", _plain_values, 1)
weights = Reader("weights", _weights, 1)
column_name = Reader("column name", _words, 1)
"""Readers of single values; the names of their kinds are for programs that build schemas."""
