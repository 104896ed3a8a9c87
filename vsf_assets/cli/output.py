"""Prints results: tables for people, CSV and JSON for programs, progress lines.

Here: formatting and writing only. Text for people shows invisible characters as their code point, because names of
files and values come from senders, and a terminal interprets control characters. Output for programs keeps every byte.
Not here: the content of the output.
"""

import io
import json
import logging
import math
import os
import re
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from vsf_assets.common.visible_text import visible
from vsf_assets.config.settings import Settings, ignored_dagster_home
from vsf_assets.pipeline.run_log import LOGGER
from vsf_assets.storage.full_disk import FullDiskError, full_disk_line, is_full

FORMATS = ("table", "csv", "json")
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="table is for people",
)
LONGEST_CELL = 100
"""Characters of a value in a table."""

_KEPT = "\n\t"
"""Characters that text for people keeps: it may have several lines."""

_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|inf|NaN|nan)\b', re.DOTALL | re.IGNORECASE)
"""A JSON string, which is not changed, or a number that JSON does not have."""


def open_standard_streams() -> None:
    """Give this process its input, output and errors if it was started without (`>&-`), to nowhere.

    Otherwise the next file that is opened, such as the warehouse, gets the number, and what is printed goes there.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(number, True)  # noqa: FBT003 - it takes no names
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def write_utf8() -> None:
    """Let this process write UTF-8 in any locale; bytes that are not text are escaped and raise no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def say_ignored_dagster_home(settings: Settings) -> None:
    """Say that the shell's DAGSTER_HOME is not used, if it names another folder than the home's."""
    ignored = ignored_dagster_home(settings)
    if ignored:
        say(f"vsf: {ignored}", err=True)


def say(text: str, err: bool = False, end: str = "\n") -> None:
    """Print a text for people, to standard error with `err`."""
    if err:
        click.echo(visible(text + end, keep=_KEPT), err=True, nl=False)
        return
    with onto_standard_output():
        click.echo(visible(text + end, keep=_KEPT), nl=False)


@contextmanager
def onto_standard_output(needed: int = 0) -> Iterator[None]:
    """Name the file that standard output is written to, if its disk is full; such an error names no place.

    Args:
        needed: number of bytes to write; 0 if unknown.

    Raises:
        FullDiskError: the disk has no room.
    """
    try:
        yield
    except FullDiskError:
        raise
    except Exception as error:
        if not is_full(error) or getattr(error, "filename", None) is not None:
            raise
        raise FullDiskError(full_disk_line("the output", _file_of_standard_output(), needed)) from error


def _file_of_standard_output() -> Path:
    """Return the file that standard output is written to; where the system does not tell it, the current folder."""
    try:
        return Path(f"/proc/self/fd/{sys.stdout.fileno()}").readlink()
    except OSError:
        return Path.cwd()


def hand_over(text: str, form: str) -> None:
    """Print the result of a command in a format of FORMATS: escaped for people, unchanged for programs.

    On a terminal CSV and JSON are escaped too; JSON by its own escapes, which keep the values.
    """
    if sys.stdout.isatty():
        say(json_visible(text) if form == "json" else text)
        return
    # Not click.echo, which removes escape sequences when it writes to a pipe.
    sys.stdout.flush()
    left = memoryview(as_bytes(visible(text, keep=_KEPT) if form == "table" else text) + b"\n")
    with onto_standard_output(len(left)):
        while left:
            # With PYTHONUNBUFFERED a write may be partial, for example when the reader closes the pipe.
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()


def as_bytes(text: str) -> bytes:
    """Return a text as UTF-8; bytes of a file name that are not UTF-8 as they are on the disk."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def render(names: Sequence[str], rows: Sequence[Sequence[Any]], form: str, numeric: Collection[int] = ()) -> str:
    """Return rows in a format; CSV has a header row, JSON is a list of objects.

    Args:
        names: of the columns.
        rows: values of Python, or DuckDB's own text of values.
        form: one of FORMATS.
        numeric: places of columns whose text is of numbers; a table shows these on the right.
    """
    if form == "csv":
        return csv_text([names, *rows])
    if form == "json":
        listed = [dict(zip(names, map(_json_value, row), strict=True)) for row in rows]
        return json.dumps(listed, indent=2, default=str, allow_nan=False)
    return _table(names, rows, numeric)


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return CSV as DuckDB writes it: a null is an empty field, an empty text is two quotes."""
    return "\n".join(",".join(map(_csv_cell, row)) for row in rows)


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = plain_text(value)
    quoted = not text or any(character in text for character in ',"\n\r')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def plain_text(value: Any) -> str:
    """Return a value as SQL writes it: times to the microsecond, true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _json_value(value: Any) -> Any:
    """Return a JSON value; a number that JSON does not have becomes its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return _constant_name(str(value))
    return plain_text(value) if isinstance(value, datetime) else value


def pure_json(text: str) -> str:
    """Replace numbers that JSON does not have by their names in DuckDB's JSON: "Infinity", "NaN"."""
    return _CONSTANT.sub(lambda found: found[0] if found[0][0] == '"' else f'"{_constant_name(found[0])}"', text)


def _constant_name(number: str) -> str:
    if "nan" in number.lower():
        return "NaN"
    return "-Infinity" if number.startswith("-") else "Infinity"


def json_visible(text: str) -> str:
    """Return equivalent JSON in which invisible characters are escaped."""
    if visible(text, keep=_KEPT) == text:
        return text
    return "".join(c if c in _KEPT or visible(c) == c else json.dumps(c)[1:-1] for c in text)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]], numbers: Collection[int]) -> str:
    cells = [[_cell(value) for value in row] for row in rows]
    names = [_cell(name) for name in names]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    numeric = [
        i in numbers or (all(isinstance(row[i], int | float) for row in rows) and bool(rows)) for i in range(len(names))
    ]

    def line(values: Sequence[str]) -> str:
        padded = (v.rjust(w) if right else v.ljust(w) for v, w, right in zip(values, widths, numeric, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(names)), line(["-" * w for w in widths]), *(line(row) for row in cells)])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = _shown(plain_text(value))
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def is_cut(text: str) -> bool:
    """Whether a table shows only the beginning of a text."""
    return len(_shown(text)) > LONGEST_CELL


def _shown(text: str) -> str:
    """Return the visible text of a table cell; of a long text one character more than the limit, or more."""
    return visible(text[: LONGEST_CELL + 1].replace("\n", "↵"))


_PASSING = ("reading ", "fetching", "building ", "publishing ", "generating ")
"""Prefixes of progress lines that the next line may overwrite."""


_OF_A_FILE = ("reading ", "loaded ", "duplicate_file ", "unreadable ")
"""Prefixes of progress lines about one file."""


class _ProgressHandler(logging.Handler):
    """Prints progress to standard error: a line that is rewritten in a terminal, else plain lines."""

    def __init__(self, by_file: bool) -> None:
        super().__init__()
        self._by_file = by_file
        self._started = time.monotonic()
        self._rewrites = sys.stderr.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "for_people", False):
            return  # the command itself prints it at its end
        message = record.getMessage()
        is_of_file = not self._by_file and message.startswith(_OF_A_FILE)
        if is_of_file and not self._rewrites:
            return
        stamp = f"{time.monotonic() - self._started:6.1f}s "
        passing = self._rewrites and (is_of_file or message.startswith(_PASSING))
        clear = "\r\x1b[K" if self._rewrites else ""
        sys.stderr.write(clear + stamp + visible(message, keep=_KEPT) + ("" if passing else "\n"))
        sys.stderr.flush()


@contextmanager
def show_progress(by_file: bool = True) -> Iterator[logging.Logger]:
    """Print the log messages of runs inside the block; without `by_file` those about single files do not stay."""
    logger, handler = logging.getLogger(LOGGER), _ProgressHandler(by_file)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
