"""Columns of a schema, guessed from the beginning of a CSV file.

Here: the encoding, the separator, the headers, and a type for each column from its first values. No value of the file
gets into the schema but the lowest and the highest of numbers and days. Not here: the editor, which mends the guess.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice, pairwise
from typing import Any

from vsf_assets.portal.made.option_fields import column_types, type_of

MOST_BYTES = 256_000
"""Bytes of a file that are looked at."""

MOST_HEADERS = 1_000
"""Columns of a file that are taken; those that are too many for the form are edited as YAML."""

_MOST_ROWS = 200
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_ODD_SEPARATORS = "\x1f\x01^~: "
"""Read where none of the others separates anything, and all lines have as many values; a made file has commas then."""

_NAMED_SEPARATOR = re.compile(r"""sep=([^\w\s"']|\t)\r?\n""")
"""The first line of a file that was saved for Excel."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,6}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)
_PHONE = re.compile(r"(?!\d+$|\d{4}-\d\d-\d\d$)\+?[\d(][\d ()./-]{6,20}", re.ASCII)
_WORDS = {
    "first name": "First Name",
    "given name": "First Name",
    "last name": "Last Name",
    "surname": "Last Name",
    "family name": "Last Name",
    "name": "Full Name",
    "customer": "Full Name",
    "person": "Full Name",
    "company": "Company Name",
    "employer": "Company Name",
    "domain": "Domain Name",
    "phone": "Phone Number",
    "mobile": "Phone Number",
    "telephone": "Phone Number",
    "mail": "Email",
    "town": "City",
    "latitude": "Latitude",
    "lat": "Latitude",
    "longitude": "Longitude",
    "lon": "Longitude",
    "lng": "Longitude",
    "profession": "Job",
    "title": "Job",
}
"""Word of a header -> type, beside the names of the types themselves."""

_BY_HEADER = {"Full Name", "First Name", "Last Name", "Company Name", "City", "Country", "Street", "Address", "Job"}
"""Types that a header alone tells; values of others have a form."""


class NoHeaderError(ValueError):
    """A file has no line of headers; the message says what to do."""


def guess_schema(name: str, content: bytes) -> dict[str, Any]:
    """Return a draft with the columns of a CSV file.

    Raises:
        NoHeaderError: the file has no headers.
    """
    text = _text_of(content).lstrip("\r\n")
    named = _NAMED_SEPARATOR.match(text)
    text = text[named.end() if named else 0 :]
    first = text.partition("\n")[0]
    quote = "'" if first.count("'") > 1 and '"' not in first else '"'
    separator = named[1] if named else _separator(text, quote)
    rows = _rows(text, separator, quote, _MOST_ROWS + 1)
    if len(content) > MOST_BYTES and len(rows) > 1:
        rows.pop()  # it may be cut
    headers = [header.strip() for header in rows[0]] if rows else []
    if not any(headers):
        raise NoHeaderError("the file has no line with the names of columns; its first line must have them")
    if len(headers) > MOST_HEADERS:
        raise NoHeaderError(f"the file has {len(headers)} columns; at most {MOST_HEADERS} are taken")
    names = _distinct(headers)
    columns = [
        {"name": names[place], **_type(names[place], [row[place].strip() for row in rows[1:] if place < len(row)])}
        for place in range(len(headers))
    ]
    return {
        "name": name,
        "separator": "space" if separator == " " else _SEPARATORS.get(separator, "comma"),
        "quote": "single" if quote == "'" else "double",
        "columns": columns,
    }


def _text_of(content: bytes) -> str:
    """Return the beginning of a file as text: by its byte order mark, else UTF-8, else Windows-1252."""
    head = content[:MOST_BYTES]
    mark, encoding = next((pair for pair in _MARKS if head.startswith(pair[0])), (b"", ""))
    if encoding:
        text = head[len(mark) :].decode(encoding, "replace")
    else:
        try:  # a character at the end may be cut
            text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(content) <= MOST_BYTES)
        except UnicodeDecodeError:
            text = head.decode("cp1252", "replace")
    return text.replace("\0", "")


def _separator(text: str, quote: str) -> str:
    """Return what separates most headers; a separator in quotes separates nothing."""
    columns = {each: len(next(iter(_rows(text, each, quote, 1)), ())) for each in _SEPARATORS}
    found = max(_SEPARATORS, key=lambda each: columns[each])
    if columns[found] > 1:
        return found
    for odd in _ODD_SEPARATORS:
        counts = {len(row) for row in _rows(text, odd, quote, 20)}
        if len(counts) == 1 and counts.pop() > (2 if odd == " " else 1):  # a first and a last name are one value
            return odd
    return found


def _rows(text: str, separator: str, quote: str, most: int) -> list[list[str]]:
    """Return the first rows that are not empty."""
    return list(islice(filter(None, _read(text, separator, quote)), most))


def _read(text: str, separator: str, quote: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    except csv.Error:
        return  # a field that is too long; the rows before it are enough


def _distinct(headers: Sequence[str]) -> list[str]:
    found: list[str] = []
    for place, header in enumerate(headers, 1):
        name, number = header[:200] or f"column {place}", 2
        while name in found:
            name, number = f"{header[:200] or f'column {place}'} {number}", number + 1
        found.append(name)
    return found


def _type(header: str, values: list[str]) -> dict[str, Any]:
    given = [value for value in values if value]
    missing = {"null_share": round(1 - len(given) / len(values), 2)} if len(given) < len(values) and given else {}
    by_header = _by_header(header)
    if not given or (by_header in _BY_HEADER and not _all(given, _WHOLE)):
        return {"type": by_header or "Text", **missing}
    guess = next((found for guesser in _GUESSERS if (found := guesser(given))), None)
    if guess is None and by_header:
        guess = {"type": by_header}
    return {**(guess or {"type": "Text", "from": 1, "to": 1}), **missing}


def _by_header(header: str) -> str:
    words = " ".join(re.sub(r"([a-z])([A-Z])", r"\1 \2", header).replace("_", " ").replace("-", " ").lower().split())
    exact = type_of(words)
    if exact is not None and exact.name in column_types() and not any(each.is_required for each in exact.options):
        return exact.name
    return next((kind for word, kind in _WORDS.items() if re.search(rf"\b{word}\b", words)), "")


def _all(values: list[str], form: re.Pattern[str]) -> bool:
    return all(form.fullmatch(value) for value in values)


def _booleans(values: list[str]) -> dict[str, Any] | None:
    return {"type": "Boolean"} if all(value.lower() in ("true", "false") for value in values) else None


def _integers(values: list[str]) -> dict[str, Any] | None:
    if not _all(values, _WHOLE):
        return None
    numbers = [int(value) for value in values]
    if len(numbers) > 2 and all(later - sooner == 1 for sooner, later in pairwise(numbers)):
        return {"type": "Sequence", "from": numbers[0]}
    return {"type": "Integer", "from": min(numbers), "to": max(numbers)}


def _decimals(values: list[str]) -> dict[str, Any] | None:
    if not all(_DECIMAL.fullmatch(value) or _WHOLE.fullmatch(value) for value in values):
        return None
    places = max(len(value.partition(".")[2]) for value in values)
    numbers = [float(value) for value in values]
    return {"type": "Decimal", "from": min(numbers), "to": max(numbers), "places": places}


def _days(values: list[str]) -> dict[str, Any] | None:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y%m%d"):
        try:
            days = [datetime.strptime(value, form).date() for value in values]  # noqa: DTZ007 - days have no zone
        except ValueError:
            continue
        if min(days) > date(1900, 1, 1):
            found = {"type": "Date", "from": min(days).isoformat(), "to": max(days).isoformat()}
            return found if form == "%Y-%m-%d" else {**found, "format": form}
    return None


def _times(values: list[str]) -> dict[str, Any] | None:
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            times = [datetime.strptime(value, form) for value in values]  # noqa: DTZ007 - UTC by the schema
        except ValueError:
            continue
        found = {"type": "Datetime", "from": min(times).isoformat(), "to": max(times).isoformat()}
        return found if form == "%Y-%m-%dT%H:%M:%S" else {**found, "format": form}
    return None


def _formed(kind: str, form: re.Pattern[str]) -> Callable[[list[str]], dict[str, Any] | None]:
    return lambda values: {"type": kind} if _all(values, form) else None


_GUESSERS: tuple[Callable[[list[str]], dict[str, Any] | None], ...] = (
    _booleans,
    _days,
    _integers,
    _decimals,
    _times,
    _formed("UUID", _UUID),
    _formed("Email", _EMAIL),
    _formed("URL", _URL),
    _formed("IP Address", _ADDRESS),
    _formed("Phone Number", _PHONE),
)
