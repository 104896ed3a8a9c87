"""Explains to the sender why a header does not fit its feed.

Here: the comparison of the names with the columns, and the likely cause. Not here: parsing a header (header.py) and
files of another kind (readers/common/content_types.py). The run time is linear in the length of the header.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from vsf_assets.common.visible_text import PADDING, quoted, visible
from vsf_assets.feeds.reading import Delimited

MOST_NAMES = 10
"""Number of names of each kind (missing, unknown, ...) that a reason shows."""

LONGEST_NAME = 60
"""Characters of a name that a reason shows; a longer name is not compared with the columns."""

_DELIMITERS = {",": "commas", ";": "semicolons", "|": "vertical bars", "\t": "tabs"}
SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(.)"?[ ,;]*\r*(?:\n|\Z)', re.IGNORECASE)
"""A first line like `sep=;`, by which spreadsheets recognize the delimiter."""


def folded(name: str) -> str:
    """Normalize a name that a person wrote for comparison: NFC, without padding, case folded."""
    return unicodedata.normalize("NFC", name).strip(PADDING).casefold()


def header_reason(line: bytes, names: Sequence[str], columns: Sequence[str], dialect: Delimited) -> str:
    """Describe how a header differs from the columns of its feed, with the likely cause.

    Args:
        line: the header's bytes.
        names: the names that the header was split into.
        columns: the columns that the feed expects.
        dialect: the dialect of the file.
    """
    counts, expected = Counter(names), set(columns)
    missing = [column for column in columns if column not in counts]
    surplus = [name for name in counts if name and name not in expected]
    twice = [name for name, count in counts.items() if count > 1 and name]
    known = {folded(column): column for column in missing}
    shown = [_shown(name) + _hint(name, known) for name in surplus[:MOST_NAMES]]
    cause = _cause(line, names, columns, dialect)
    parts = [
        cause,
        f"missing {_listed(missing[:MOST_NAMES], len(missing))}" if missing else "",
        f"not expected {_listed(shown, len(surplus))}" if surplus else "",
        f"twice {_listed([_shown(name) for name in twice[:MOST_NAMES]], len(twice))}" if twice else "",
        _unnamed(names) if len(names) > 1 and not cause else "",
    ]
    return f"the header is not the one of this feed: {'; '.join(p for p in parts if p)}; expected {','.join(columns)}"


def _listed(shown: Sequence[str], number: int) -> str:
    more = number - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _shown(name: str) -> str:
    is_plain = name == name.strip(PADDING) and len(name) <= LONGEST_NAME
    return visible(name) if is_plain else quoted(name, LONGEST_NAME)


def meant_column(name: str, known: dict[str, str]) -> str | None:
    """Return the column that a name probably means, or None.

    Args:
        name: the name as written; one longer than LONGEST_NAME matches no column.
        known: folded name -> column.
    """
    if len(name) > LONGEST_NAME:
        return None
    close = difflib.get_close_matches(folded(name), list(known), n=1, cutoff=0.75)
    return known.get(folded(name)) or (known[close[0]] if close else None)


def _hint(name: str, known: dict[str, str]) -> str:
    """Suggest the column that a name probably means, as the end of a sentence."""
    column = meant_column(name, known)
    if column is None:
        return ""
    if folded(name) != folded(column):
        return f" (did you mean {column}?)"
    if name.strip(PADDING) != name:
        return f" (did you mean {column}? write it without what stands around it)"
    return f" (did you mean {column}? write it exactly so)"


def _unnamed(names: Sequence[str]) -> str:
    """Describe columns without a name; spreadsheets write them for empty columns at the right."""
    empty = [place for place, name in enumerate(names, 1) if not name.strip(PADDING)]
    if not empty:
        return ""
    places = _listed([str(place) for place in empty[:MOST_NAMES]], len(empty))
    is_at_end = empty[0] == len(names) - len(empty) + 1
    which = f"column {places} has no name" if len(empty) == 1 else f"columns {places} have no names"
    return f"{which}, {'delete the empty columns at the right of the sheet' if is_at_end else 'name or delete them'}"


def _cause(line: bytes, names: Sequence[str], columns: Sequence[str], dialect: Delimited) -> str:
    """Describe the likely cause; return an empty text if the names show it."""
    if not line.strip(b" \r\n"):
        return "line 1 is empty, and the header must be line 1"
    noted = SEPARATOR_LINE.match(line)
    if noted:
        return f"line 1 is {quoted(noted.group().decode(errors='replace').strip())}, a note to spreadsheets: delete it"
    other = _other_delimiter(line, columns, dialect)
    if other:
        return f"it has {_DELIMITERS[other]} between its names where {_DELIMITERS[dialect.delimiter]} are expected"
    if len(names) == 1 < len(columns):
        return _cause_of_one(names[0], columns, dialect)
    wanted = [folded(column) for column in columns]
    short = [folded(name) for name in names[:MOST_NAMES] if len(name) <= LONGEST_NAME]
    is_like = any(difflib.get_close_matches(name, wanted, 1) for name in short)
    if not is_like and len(names) == len(columns) and any(c.isdigit() for name in names for c in name[:LONGEST_NAME]):
        return "the first line looks like data: put the header above it"
    return ""


def _cause_of_one(name: str, columns: Sequence[str], dialect: Delimited) -> str:
    """Describe the likely cause of a header with one name only; return an empty text if there is none."""
    start = folded(name[: len(",".join(columns)) + LONGEST_NAME])
    inside = [column for column in columns if folded(column) in start]
    if 2 * len(inside) > len(columns):
        if dialect.delimiter in name:
            return "the whole line stands in quotes, so that it is read as one name: export the file without them"
        return f"{_DELIMITERS[dialect.delimiter]} are expected between its names"
    if inside or difflib.get_close_matches(start[:LONGEST_NAME], [folded(column) for column in columns], 1):
        return ""
    return "line 1 may be a title: the header must be line 1, without anything above it"


def _other_delimiter(line: bytes, columns: Sequence[str], dialect: Delimited) -> str:
    """Return another delimiter that splits the header into most of the columns, or an empty text."""
    expected = {folded(column) for column in columns}
    for delimiter in _DELIMITERS:
        names = line.decode(errors="replace").split(delimiter)
        found = {folded(name.strip(PADDING + '"')) for name in names[: 2 * len(columns)]}
        if delimiter != dialect.delimiter and len(names) > 1 and 2 * len(found & expected) > len(expected):
            return delimiter
    return ""
