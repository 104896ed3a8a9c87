"""Parses the header of a delimited file: columns, their order, the delimiter.

Here: pure functions on bytes. Not here: the records below the header (reader.py), and the reasons for refusing a header
(header_reasons.py). A tolerant dialect accepts headers as spreadsheets write them: after blank rows and a line like
`sep=;`, with names in any case and spaces around them, and with empty columns at the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.common.content_types import content_instead_of_delimited, likely_encoding
from vsf_assets.readers.common.displayable_text import SHOWN_TEXT, is_utf8, show
from vsf_assets.readers.common.reason_column import REASON_COLUMN
from vsf_assets.readers.delimited.exact_parser import Record, is_blank, parse_record
from vsf_assets.readers.delimited.header_reasons import SEPARATOR_LINE, folded, header_reason
from vsf_assets.readers.delimited.lenient import other_dialect


@dataclass(frozen=True)
class Header:
    """A parsed header.

    Attributes:
        names: the contract's columns in the file's order; after them REASON_COLUMN in a file of mended rows.
        dialect: the dialect of the file.
        end: position after the header's newline.
    """

    names: list[str]
    dialect: Delimited
    end: int


def find_header(data: bytes, dialect: Delimited, columns: list[str]) -> Header:
    """Parse the header at the beginning of `data`; a tolerant dialect also tries its other delimiter.

    Raises:
        UnreadableError: the header does not name exactly the contract's columns, or the file is of another kind.
    """
    start, dialects = _start(data, dialect)
    wrong: list[tuple[list[str], Record, Delimited]] = []
    for possible in dialects:
        record = parse_record(data, start, possible, len(columns))
        names, empty = _names(record, possible, columns)
        known = names[:-1] if _has_reasons(names, possible) else names
        if len(known) == len(columns) and sorted(known) == sorted(columns):
            return Header(names, _with_empty_columns(possible, empty), record.end)
        wrong.append((names + [""] * empty, record, possible))
    # The reason is about the delimiter that splits the header into most of the columns.
    names, record, used = max(wrong, key=lambda header: len(set(columns).intersection(header[0])))
    raise _refused(data, start, names, columns, record, used)


def _has_reasons(names: Sequence[str], dialect: Delimited) -> bool:
    """Whether the last column holds the reasons of a file of mended rows, which are not loaded.

    A file of a tolerant feed is one of several that replace what was delivered before, so a file of some of its rows
    would remove the others; it is not accepted.
    """
    return bool(names) and names[-1] == REASON_COLUMN and dialect.tolerance is None


def _start(data: bytes, dialect: Delimited) -> tuple[int, list[Delimited]]:
    """Return the position of the header, and the dialects to try."""
    if dialect.tolerance is None:
        return 0, [dialect]
    dialects, start = [dialect, other_dialect(dialect)], 0
    while (newline := data.find(b"\n", start)) >= 0:
        line = data[start : newline + 1]
        noted = SEPARATOR_LINE.fullmatch(line)
        if noted and noted.group(1).decode(errors="replace") not in ("\ufffd", dialect.quote, "\r"):
            named = noted.group(1).decode()
            by_name = [possible for possible in dialects if possible.delimiter == named]
            dialects = [*(by_name or [replace(dialect, delimiter=named)]), *(d for d in dialects if d not in by_name)]
        elif not is_blank(line, dialect):
            break
        start = newline + 1
    return start, dialects


def _names(record: Record, dialect: Delimited, columns: Sequence[str]) -> tuple[list[str], int]:
    """Return the columns that a header names, and the number of unnamed columns after them in a tolerant dialect."""
    shown = [_text(name) for name in record.fields or []]
    if dialect.tolerance is None:
        return shown, 0
    named = len(shown)
    while named and not folded(shown[named - 1]):
        named -= 1
    known = {folded(column): column for column in columns}
    known |= {folded(alias): column for alias, column in dialect.tolerance.aliases}
    return [known.get(folded(name), name) for name in shown[:named]], len(shown) - named


def _text(name: bytes) -> str:
    """Return a name as text; keeps a CR or LF at its end, as rows do (`show` removes it)."""
    return name.decode(errors="backslashreplace").replace("\0", "\\x00")


def _with_empty_columns(dialect: Delimited, empty: int) -> Delimited:
    if dialect.tolerance is None or not empty:
        return dialect
    return replace(dialect, tolerance=replace(dialect.tolerance, empty_columns=empty))


def _refused(
    data: bytes, start: int, names: Sequence[str], columns: Sequence[str], record: Record, dialect: Delimited
) -> UnreadableError:
    """Return the error for a file without the header of its feed."""
    number = data.count(b"\n", 0, start) + 1
    content = content_instead_of_delimited(data[start:])
    if content is not None:
        line = None if content.text is None else number
        return UnreadableError(content.anomaly, content.reason("delimited text"), line, content.text)
    header = data[start : record.end]
    reason = header_reason(header, names, columns, dialect)
    if record.problem is not None:
        reason = f"{record.problem.reason_at(number)}; {reason}"
    if not is_utf8(header) and (encoding := likely_encoding(header)):
        reason = f"{encoding}: save the file as UTF-8; {reason}"
    return UnreadableError("unknown_header", reason, number, show(header[:SHOWN_TEXT]))
