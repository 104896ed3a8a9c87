"""How the command line prints: tables for people, CSV and JSON for machines, progress.

Here: formatting only. Not here: what is printed.
"""

import csv
import io
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from vsf_assets.runlog import LOGGER

FORMATS = ("table", "csv", "json")
format_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="table is for people"
)


def render(names: Sequence[str], rows: Sequence[Sequence[Any]], form: str) -> str:
    """Return rows in a format; CSV has a header row, JSON is a list of objects."""
    if form == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_plain(cell) for cell in row] for row in rows)
        return buffer.getvalue().rstrip("\n")
    if form == "json":
        return json.dumps([dict(zip(names, map(_plain, row), strict=True)) for row in rows], indent=2, default=str)
    return _table(names, rows)


def _plain(value: Any) -> Any:
    """Return times as ISO text to the microsecond, UTC without a mark."""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    numeric = [all(isinstance(row[i], int | float) for row in rows) and bool(rows) for i in range(len(names))]

    def line(values: Sequence[str]) -> str:
        padded = (v.rjust(w) if right else v.ljust(w) for v, w, right in zip(values, widths, numeric, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(names)), line(["-" * w for w in widths]), *(line(row) for row in cells)])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = str(value).replace("\n", "↵")
    return text if len(text) <= 100 else text[:99] + "…"


_PASSING = ("reading ", "fetching", "building ", "publishing ", "making up ")
"""How lines of progress begin that the next line may take the place of."""


class _Progress(logging.Handler):
    """Prints progress to standard error: a line that is rewritten in a terminal, else plain lines."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._rewrites = sys.stderr.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        stamp = f"{time.monotonic() - self._started:6.1f}s "
        passing = self._rewrites and message.startswith(_PASSING)
        clear = "\r\x1b[K" if self._rewrites else ""
        sys.stderr.write(clear + stamp + message + ("" if passing else "\n"))
        sys.stderr.flush()


@contextmanager
def show_progress() -> Iterator[logging.Logger]:
    """Print what runs tell of themselves while the block lasts."""
    logger, handler = logging.getLogger(LOGGER), _Progress()
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
