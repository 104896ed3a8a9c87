"""Validates strftime formats of dates and times.

Here: the validation of a format, whether it contains a time of day, and whether its texts are distinct. Not here:
formatting days (columns/).
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
"""Letter after a % -> its meaning; only letters with the same meaning in Python, polars and DuckDB."""

_LETTER = re.compile(r"%(.?)", re.DOTALL)


def problem_of(text: str) -> str:
    """Describe the problem of a format; return an empty text if it is valid."""
    letters = _LETTER.findall(text)
    allowed = {**DAY_LETTERS, **TIME_LETTERS, "%": "a percent sign"}
    unknown = [f"%{letter}" for letter in letters if letter not in allowed]
    if unknown:
        return f"has {', '.join(unknown)}, which is not a format code; the codes are %" + " %".join(allowed)
    if all(letter == "%" for letter in letters):
        return "contains no part of a day; write it like %d.%m.%Y"
    return ""


def has_time_of_day(text: str) -> bool:
    """Whether a format contains a time of day, which a day does not have."""
    return any(letter in TIME_LETTERS for letter in _LETTER.findall(text))


def finest_seconds(text: str) -> int:
    """Return the seconds of the smallest unit that a format writes: a day, an hour, a minute or a second."""
    letters = set(_LETTER.findall(text))
    units = ((1, "ST"), (60, "M"), (3600, "HIp"))
    return next((seconds for seconds, ones in units if letters.intersection(ones)), 86400)


def distinguishes(text: str, years: int) -> bool:
    """Whether a format gives each of its smallest units a different text.

    Args:
        text: the format.
        years: number of years between the first and the last day.
    """
    letters, unit = set(_LETTER.findall(text)), finest_seconds(text)
    has_year = years == 0 or bool(letters & {"Y", "F"}) or (years < 100 and "y" in letters)
    has_day = bool(letters & {"F", "j"}) or ("d" in letters and bool(letters & {"m", "B", "b"}))
    has_hour = unit == 86400 or bool(letters & {"H", "T"}) or {"I", "p"} <= letters
    has_minute = unit >= 3600 or bool(letters & {"M", "T"})
    return has_year and has_day and has_hour and has_minute
