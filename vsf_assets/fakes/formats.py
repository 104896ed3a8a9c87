"""Formats of days and times: which letters of strftime may stand in one.

Here: the check of a format, and whether it tells the time of day. Not here: writing days (makers/).
"""

import re

DAY_LETTERS = {
    "Y": "year, 4 digits",
    "y": "year, 2 digits",
    "m": "month, 01 to 12",
    "B": "month, its English name",
    "b": "month, its English name in 3 letters",
    "d": "day of the month, 01 to 31",
    "j": "day of the year, 001 to 366",
    "A": "weekday, its English name",
    "a": "weekday, its English name in 3 letters",
    "F": "the same as %Y-%m-%d",
}
TIME_LETTERS = {
    "H": "hour, 00 to 23",
    "I": "hour, 01 to 12",
    "p": "AM or PM",
    "M": "minute",
    "S": "second",
    "T": "the same as %H:%M:%S",
}
"""Letters after a % -> what they stand for; all of them mean the same to Python, polars and DuckDB."""

_LETTER = re.compile(r"%(.?)", re.DOTALL)


def problem_of(text: str) -> str:
    """Return what is wrong with a format, or an empty text."""
    letters = _LETTER.findall(text)
    allowed = {**DAY_LETTERS, **TIME_LETTERS, "%": "a percent sign"}
    unknown = [f"%{letter}" for letter in letters if letter not in allowed]
    if unknown:
        return f"has {', '.join(unknown)}, which is no letter of a format; there are %" + " %".join(allowed)
    if all(letter == "%" for letter in letters):
        return "names no part of a day; write it like %d.%m.%Y"
    return ""


def tells_time(text: str) -> bool:
    """Whether a format asks for a time of day, which a day does not have."""
    return any(letter in TIME_LETTERS for letter in _LETTER.findall(text))
