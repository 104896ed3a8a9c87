"""The exact parser: parses one record at a time, and locates every defect by physical line.

Here: pure functions on bytes, for the parts of a file that the fast parser (fast_parser.py) cannot prove regular. Not
here: types and contracts. Rules: a quote opens a quoted field only at the start of the field. If a quote is never
closed, or is closed in the middle of a field, only the line where it opens is malformed. All CR before an LF belong to
the line end, because some transfers double the CR. A CR at the end of the file is a line end too.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from vsf_assets.common.visible_text import quoted
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.content_types import likely_encoding
from vsf_assets.readers.common.displayable_text import MAX_RECORD, is_utf8, show, without_line_end

LOOKAHEAD_BYTES = 2
"""Bytes after the longest record that decide whether its last quote closes the field."""


@dataclass(frozen=True)
class Problem:
    """A defect of a record.

    Attributes:
        anomaly: the anomaly of the finding.
        reason: a sentence; `reason_at` replaces the placeholders `{line}` and `{next}` by line numbers.
        column: position of the column, if known.
        value: the value as delivered, if the defect is about one.
        line_offset: number of lines from the record's first line to `{line}`; None if the reason has no placeholders.
    """

    anomaly: str
    reason: str
    column: int | None = None
    value: str | None = None
    line_offset: int | None = None

    def reason_at(self, first_line: int) -> str:
        """Return the reason with line numbers in place of the placeholders.

        Args:
            first_line: physical line on which the record starts.
        """
        if self.line_offset is None:
            return self.reason
        line = first_line + self.line_offset
        return self.reason.replace("{line}", f"{line:,}").replace("{next}", f"{line + 1:,}")


_TOO_LONG = Problem("line_too_long", "the record is longer than 2 MB; most often a quote or a line end is missing")

_LINE_SWALLOWED = (
    "line {line} ends in a backslash, which makes its line end and line {next} a part of its last value; a backslash"
    " that is meant literally is doubled (\\\\). Line {next} is read as a record of its own"
)
"""Reason of a record that has another number of fields than the header because of an escaped line end."""


@dataclass(frozen=True)
class Record:
    """One record of the file.

    Attributes:
        end: position after the record's newline.
        fields: the fields as bytes; None if the record cannot be split into fields.
        problem: the defect that prevents the split.
    """

    end: int
    fields: list[bytes] | None
    problem: Problem | None = None


_NO_RETURN = re.compile(rb"[^\r]")
_LINE_END = re.compile(rb"\r*\n")


class _MalformedError(Exception):
    """The record cannot be split into fields; the line of `at` (None: its first line) is the last malformed line."""

    def __init__(self, at: int | None, problem: Problem):
        super().__init__(problem.reason)
        self.at = at
        self.problem = problem


@cache
def _stops(dialect: Delimited) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return the patterns of the next special byte inside quotes and outside quotes."""
    escape = re.escape(dialect.escape) if dialect.escape else ""
    inside = f"[{re.escape(dialect.quote)}{escape}]"
    outside = f"[{re.escape(dialect.delimiter)}\n{escape}]"
    return re.compile(inside.encode()), re.compile(outside.encode())


def parse_record(data: bytes, start: int, dialect: Delimited, width: int | None = None) -> Record:
    """Parse the record that starts at `start`.

    Args:
        data: bytes up to the end of the file, or at least MAX_RECORD + LOOKAHEAD_BYTES bytes from `start` on.
        start: position of the record.
        dialect: the dialect of the file.
        width: the required number of fields. An escaped line end outside quotes belongs to a value only if the record
            then has this number of fields. Otherwise its line is a bad record, and the next line is another record.
    """
    newline = data.find(b"\n", start)
    line_end = newline + 1 if newline >= 0 else len(data)
    if line_end - start > MAX_RECORD:
        return Record(line_end, None, _TOO_LONG)
    line = data[start:line_end]
    special = dialect.quote.encode() in line or (dialect.escape or "\0").encode() in line
    if not special:
        return Record(line_end, without_line_end(line).split(dialect.delimiter.encode()))
    try:
        end, fields = _split_fields(data, start, dialect, width)
    except _MalformedError as error:
        return Record(_end_of_malformed(data, start, error.at) or line_end, None, error.problem)
    return Record(end, fields)


def _end_of_malformed(data: bytes, start: int, at: int | None) -> int | None:
    """Return the end of the line around `at`; None if that line is too long, since it gets its own finding."""
    if at is None:
        return None
    newline = data.find(b"\n", at, start + MAX_RECORD)
    if newline >= 0:
        return newline + 1
    return len(data) if len(data) <= start + MAX_RECORD else None


def _split_fields(data: bytes, start: int, dialect: Delimited, width: int | None) -> tuple[int, list[bytes]]:
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    limit = min(len(data), start + MAX_RECORD)
    fields: list[bytes] = []
    at, escaped_end = start, -1
    while True:
        if data.startswith(quote, at):
            field, at = _quoted(data, at, limit, dialect, len(fields))
        else:
            field, at, line_end = _unquoted(data, at, limit, dialect)
            escaped_end = line_end if escaped_end < 0 else escaped_end
        fields.append(field)
        is_over = not data.startswith(delimiter, at)
        if width is not None and escaped_end >= 0 and (len(fields) > width or (is_over and len(fields) != width)):
            anomaly = "extra_fields" if len(fields) > width else "missing_fields"
            lines = data.count(b"\n", start, escaped_end)
            raise _MalformedError(escaped_end, Problem(anomaly, _LINE_SWALLOWED, line_offset=lines))
        if is_over:
            newline = data.find(b"\n", at)
            end = newline + 1 if newline >= 0 else len(data)
            if end - start > MAX_RECORD:
                raise _MalformedError(None, _TOO_LONG)
            return end, fields
        at += 1


def _quoted(data: bytes, opened_at: int, limit: int, dialect: Delimited, column: int) -> tuple[bytes, int]:
    """Return the content of a quoted field and the position after its closing quote."""
    inside, _ = _stops(dialect)
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    parts: list[bytes] = []
    at = opened_at + 1
    while True:
        stop = inside.search(data, at, limit)
        if stop is None:
            reason = f"a quote opens here and is never closed; close it, or {_literal_quote(dialect)}"
            raise _MalformedError(opened_at, Problem("unbalanced_quote", reason, column))
        parts.append(data[at : stop.start()])
        at = stop.end()
        if stop.group() != quote or (dialect.escape is None and data.startswith(quote, at)):
            parts.append(data[at : at + 1])
            at += 1
            continue
        if data[at : at + 1] in (delimiter, b"\n", b"") or _is_line_end(data, at):
            return b"".join(parts), at
        reason = f"text stands between a closing quote and the next delimiter; {_literal_quote(dialect)}"
        raise _MalformedError(opened_at, Problem("unbalanced_quote", reason, column))


def _literal_quote(dialect: Delimited) -> str:
    """Explain to a person how to write a quote inside a value."""
    return f"write a quote inside a value as {dialect.escape or dialect.quote}{dialect.quote}"


def _is_line_end(data: bytes, at: int) -> bool:
    """Whether only CR, at least one, stand between a position and an LF or the end of the data."""
    if data[at : at + 1] != b"\r":
        return False
    behind = _NO_RETURN.search(data, at, at + MAX_RECORD)
    return behind.group() == b"\n" if behind else at + MAX_RECORD >= len(data)


def _unquoted(data: bytes, at: int, limit: int, dialect: Delimited) -> tuple[bytes, int, int]:
    """Return an unquoted field's content, its end (delimiter or line end), and the position of its first escaped LF.

    An escape before a line end makes the whole line end literal. The last position is -1 without an escaped LF.
    """
    _, outside = _stops(dialect)
    parts: list[bytes] = []
    escaped_end = -1
    while True:
        stop = outside.search(data, at, limit)
        if stop is None and limit < len(data):
            raise _MalformedError(None, _TOO_LONG)
        end = stop.start() if stop else len(data)
        parts.append(data[at:end])
        if stop is None or stop.group() == b"\n":
            parts[-1] = parts[-1].rstrip(b"\r")  # an escaped CR or LF before it stays
            return b"".join(parts), end, escaped_end
        if stop.group() == dialect.delimiter.encode():
            return b"".join(parts), end, escaped_end
        line_end = _LINE_END.match(data, end + 1, limit)
        at = line_end.end() if line_end else end + 2
        parts.append(data[end + 1 : at])
        if line_end and escaped_end < 0:
            escaped_end = at - 1


def check_fields(fields: list[bytes], names: list[str], delimiter: str) -> list[str] | Problem:
    """Return the fields as text, or the first defect: a wrong number of fields, or a field that is not text."""
    problem = count_problem(fields, names, delimiter)
    if problem is not None:
        other = _other_delimiter(fields, names, delimiter)
        return replace(problem, reason=f"{problem.reason}; {other}") if other else problem
    try:
        texts = [field.decode() for field in fields]
    except UnicodeDecodeError:
        texts = []
    if not texts or any("\0" in text for text in texts):
        found = (text_problem(field, names[at], at) for at, field in enumerate(fields))
        not_utf8 = [problem for problem in found if problem is not None]
        return next((p for p in not_utf8 if "UTF-8" in p.reason), not_utf8[0])
    return texts


def _other_delimiter(fields: list[bytes], names: list[str], delimiter: str) -> str:
    """Describe the other delimiter that a record of one field seems to use; return an empty text if there is none."""
    for other in ",;|\t":
        if len(fields) == 1 < len(names) and other != delimiter and fields[0].count(other.encode()) == len(names) - 1:
            return f"it has {quoted(other)} between its fields where {quoted(delimiter)} is expected"
    return ""


def count_problem(fields: list[bytes], names: list[str], delimiter: str) -> Problem | None:
    """Return the defect of a record with a wrong number of fields, or None."""
    if len(fields) < len(names):
        return Problem(
            "missing_fields",
            f"{_fields(len(fields))} where the header has {len(names)}; {_lacking(names[len(fields) :])}",
            len(fields),
        )
    if len(fields) > len(names):
        extra = delimiter.encode().join(fields[len(names) :])
        return Problem(
            "extra_fields",
            f"{_fields(len(fields))} where the header has {len(names)}; a delimiter inside a value needs quotes",
            None,
            show(extra),
        )
    return None


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number:,} fields"


def _lacking(names: list[str]) -> str:
    return f"{names[0]} is missing" if len(names) == 1 else f"{names[0]} and what follows are missing"


def text_problem(field: bytes, name: str, at: int) -> Problem | None:
    """Return the defect of a field that is not text, or None."""
    if not is_utf8(field):
        likely = likely_encoding(field)
        advice = f"{likely}: save the file as UTF-8" if likely else "save the file as UTF-8"
        return Problem("invalid_encoding", f"{name} is not valid UTF-8; {advice}", at, show(field))
    if b"\0" in field:
        reason = f"{name} holds a NUL byte (<U+0000>), which no text has; export the file again"
        return Problem("invalid_encoding", reason, at, show(field))
    return None


@cache
def blank_bytes(dialect: Delimited) -> bytes:
    """Return the bytes that a blank record may hold: spaces, line ends and delimiters."""
    other = dialect.tolerance.other_delimiter if dialect.tolerance else ""
    return f" \r\n{dialect.delimiter}{other}".encode()


def is_blank(record: bytes, dialect: Delimited) -> bool:
    """Whether a record holds only spaces and delimiters without quotes."""
    return not record.strip(blank_bytes(dialect))
