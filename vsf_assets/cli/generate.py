"""`vsf generate`: writes a made-up file from a schema immediately."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger
from pathlib import Path
from typing import Literal, cast

import click

from vsf_assets.cli.output import say, show_progress
from vsf_assets.cli.output_option import (
    STANDARD_OUTPUT,
    binary_standard_output,
    format_of_output,
    output_option,
)
from vsf_assets.common.errors import UsageError
from vsf_assets.common.throttle import Throttle
from vsf_assets.synthetic.schema_parser import read_schema

_FORMATS = ("csv", "parquet")
_CUT = "standard output holds only a part"
_SECONDS = 2.0
"""Seconds between two progress messages."""


@click.command("generate")
@click.argument("schema", type=click.Path(path_type=Path))
@click.option("--rows", type=int, required=True, help="number of rows; 0 writes only the header")
@click.option("--seed", type=int, default=0, show_default=True, help="the same seed gives the same file")
@output_option("file to write, .csv or .parquet; default: the schema's name, in this folder")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="default: the extension of -o, else csv")
def command(schema: Path, rows: int, seed: int, output: Path | None, form: Literal["csv", "parquet"] | None) -> None:
    """Generate a file of any number of rows from the YAML or JSON file SCHEMA (docs/made-up-files.md)."""
    described = read_schema(schema)
    if output is not None and output != STANDARD_OUTPUT and output.exists() and not output.is_file():
        raise UsageError(f"{output} is not a regular file, so it cannot be replaced; choose another name")
    chosen = cast(Literal["csv", "parquet"], format_of_output(form, output, _FORMATS, "csv"))
    if output == STANDARD_OUTPUT and chosen == "parquet" and sys.stdout.isatty():
        raise UsageError("a terminal cannot show Parquet; write it to a file: -o NAME.parquet")
    target = output or Path(f"{described.name}.{chosen}")
    if output is None and target.exists() and not target.is_file():
        raise UsageError(f"{target} is not a regular file, so it cannot be replaced; name another by -o")
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.writers import write_file, write_to

    with _ended_like_an_interrupt(), show_progress() as logger:
        try:
            frames = Frames(described, rows, seed)
            report = _ProgressLog(logger, rows).report
            if output == STANDARD_OUTPUT:
                with binary_standard_output() as file:
                    write_to(frames, file, chosen, progress=report)
                return
            written = write_file(frames, target, chosen, progress=report)
        except KeyboardInterrupt:
            say(
                "vsf: interrupted; " + (_CUT if output == STANDARD_OUTPUT else f"nothing was written to {target}"),
                err=True,
            )
            raise SystemExit(130) from None
    say(f"{target}: {written.rows:,} rows, {written.bytes:,} bytes")


class _ProgressLog:
    """Logs the number of generated rows, throttled."""

    def __init__(self, logger: Logger, rows: int) -> None:
        self._logger, self._rows, self._throttle = logger, rows, Throttle(_SECONDS)

    def report(self, done: int) -> None:
        if self._throttle.passes():
            self._logger.info(f"generating rows: {done:,} of {self._rows:,} ({100 * done // self._rows} %)")


@contextmanager
def _ended_like_an_interrupt() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that they clean up."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup: continue without the terminal
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
