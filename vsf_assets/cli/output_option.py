"""The option `-o` of every command that writes a file: its endings, and standard output as `-o -`.

Here: which formats an ending stands for, and where the text goes. Not here: the content of a file, and writing a file
atomically (reports/output_files.py).
"""

import errno
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import click

from vsf_assets.cli.output import onto_standard_output, say
from vsf_assets.common.errors import UsageError
from vsf_assets.reports.output_files import atomic_file, check_name

STANDARD_OUTPUT = Path("-")


def output_option(help_text: str, *, required: bool = False) -> Any:
    """Return the option `-o`."""
    kind = click.Path(path_type=Path)
    return click.option(
        "-o", "--output", "output", type=kind, required=required, help=f"{help_text}; - is standard output"
    )


def format_of_output(given: str | None, output: Path | None, known: Sequence[str], default: str) -> str:
    """Return the format to write.

    Args:
        given: the value of `--format`, or None.
        output: the value of `-o`, or None.
        known: the formats, each of which is also the ending of a name.
        default: the format where neither says it.

    Raises:
        UsageError: the name's ending stands for no format, or for another one than `given`.
    """
    if output is None or output == STANDARD_OUTPUT:
        return given or default
    named = output.suffix.removeprefix(".").lower()
    endings = " or ".join(f".{name}" for name in known)
    if given is not None and not named:
        return given
    if named not in known:
        raise UsageError(f"{output}: the name must end in {endings}; - is standard output")
    if given is not None and named != given:
        raise UsageError(f"{output}: --format {given} writes no .{named} file; let the name end in .{given}")
    return named


@contextmanager
def open_output(path: Path, needed: int = 0) -> Iterator[TextIO]:
    """Open a file that appears when it is complete, or standard output; `needed` is its size in bytes, if known.

    Raises:
        UsageError: the name or the folder cannot be used.
        FullDiskError: the disk has no room.
    """
    if path == STANDARD_OUTPUT:
        with _standard_output() as text:
            yield text
        return
    with atomic_file(check_name(path, [path.suffix]), needed) as text:
        yield text


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Yield standard output as text: every byte of it in a pipe or a file, escaped on a terminal."""
    if sys.stdout.isatty():
        yield cast(TextIO, _Escaped())
        return
    with binary_standard_output() as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        try:
            yield text
            text.flush()
        finally:
            _let_go(text)


@contextmanager
def binary_standard_output() -> Iterator[BinaryIO]:
    """Yield standard output as bytes; on a terminal they are shown at the end of the block, escaped.

    Raises:
        FullDiskError: the disk of the file that it is written to is full.
    """
    sys.stdout.flush()
    if sys.stdout.isatty():
        with tempfile.TemporaryFile() as kept:
            yield kept
            kept.seek(0)
            for line in kept:
                say(line.decode(errors="backslashreplace"), end="")
        return
    target: Any = sys.stdout.buffer
    # With PYTHONUNBUFFERED the buffer is the bare file, which may write only a part.
    buffered = io.BufferedWriter(target) if isinstance(target, io.RawIOBase) else target
    try:
        with onto_standard_output():
            yield buffered
            buffered.flush()
    except Exception as error:
        # polars writes to the descriptor itself, and its errors have no number.
        if os.strerror(errno.EPIPE) in str(error):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
        raise
    finally:
        if buffered is not target:
            _let_go(buffered)


def _let_go(wrapper: Any) -> None:
    """Leave standard output open for what the command says later; what a failed write left is dropped."""
    with suppress(OSError):
        wrapper.detach()


class _Escaped(io.TextIOBase):
    """Standard output as a terminal shows it."""

    def write(self, text: str) -> int:
        say(text, end="")
        return len(text)


def name_of(path: Path) -> str:
    """Return the name of an output for messages."""
    return "standard output" if path == STANDARD_OUTPUT else str(path)
