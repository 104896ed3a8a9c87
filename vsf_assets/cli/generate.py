"""`vsf generate`: writes a made-up file from a schema immediately."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, cast

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
from vsf_assets.synthetic.model.schema import Schema
from vsf_assets.synthetic.model.type_catalog import type_catalog
from vsf_assets.synthetic.request_spec import FORMATS
from vsf_assets.synthetic.schema_parser import read_schema

if TYPE_CHECKING:
    from vsf_assets.synthetic.writers import Format

_CUT = "standard output holds only a part"
_SECONDS = 2.0
"""Seconds between two progress messages."""


def show_types(context: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    """Print the column types with their options, and end the command."""
    if not is_wanted or context.resilient_parsing:
        return
    for described in type_catalog()["types"]:
        say(f"{described['name']}: {described['help']}")
        for option in described["options"]:
            default = "required" if option["required"] else f"default {option['default']}"
            word = "" if option["default"] is None and not option["required"] else f" ({default})"
            say(f"  {option['name']}: {option['help']}{word}")
    context.exit()


@click.command("generate")
@click.argument("schema", type=click.Path(path_type=Path))
@click.option("--rows", type=int, required=True, help="number of rows; 0 writes only the header")
@click.option("--seed", type=int, default=0, show_default=True, help="the same seed gives the same file")
@output_option("file to write, .csv, .parquet, .jsonl or .sql; default: the schema's name, in this folder")
@click.option("--format", "form", type=click.Choice(FORMATS), help="default: the extension of -o, else csv")
@click.option(
    "--schema",
    "parents",
    metavar="FILE",
    type=click.Path(path_type=Path),
    multiple=True,
    help="a schema that a Foreign Key refers to; may be repeated",
)
@click.option(
    "--today",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="day on which dates without `to` end, where no schema says it; default: today (UTC)",
)
@click.option("--types", is_flag=True, is_eager=True, expose_value=False, callback=show_types, help="list the types")
def command(
    schema: Path,
    rows: int,
    seed: int,
    output: Path | None,
    form: "Format | None",
    parents: tuple[Path, ...],
    today: datetime | None,
) -> None:
    """Generate a file of any number of rows from the YAML or JSON file SCHEMA (docs/made-up-files.md)."""
    described = read_schema(schema)
    others = _parents(described, parents)
    chosen, target = _target(described, output, form)
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.writers import write_file, write_to

    day = today.date() if today else datetime.now(UTC).date()
    with _ended_like_an_interrupt(), show_progress() as logger:
        try:
            frames = Frames(described, rows, seed, today=day, parents=others)
            report = _ProgressLog(logger, rows).report
            if target == STANDARD_OUTPUT:
                with binary_standard_output() as file:
                    write_to(frames, file, chosen, progress=report)
                written = None
            else:
                written = write_file(frames, target, chosen, progress=report)
        except KeyboardInterrupt:
            say(
                "vsf: interrupted; " + (_CUT if target == STANDARD_OUTPUT else f"nothing was written to {target}"),
                err=True,
            )
            raise SystemExit(130) from None
    if written:
        say(f"{target}: {written.rows:,} rows, {written.bytes:,} bytes")
    if today is None and any(each.is_open for each in (described, *others)):
        say(f"dates without to: end on {day}; --today {day} writes the same file on another day", err=True)


def _parents(described: Schema, paths: tuple[Path, ...]) -> list[Schema]:
    """Return the schemas that foreign keys may refer to.

    Raises:
        UsageError: two of them have the same name, or a schema that a foreign key names is not among them.
    """
    found: dict[str, Schema] = {}
    for path in paths:
        parent = read_schema(path)
        if parent.name in found:
            raise UsageError(f"{path}: the schema {parent.name!r} is given twice")
        found[parent.name] = parent
    missing = [name for each in (described, *found.values()) for name in each.parents if name not in found]
    missing = [name for name in missing if name != described.name]
    if missing:
        raise UsageError(f"a Foreign Key refers to the schema {missing[0]!r}; give its file with --schema FILE")
    return list(found.values())


def _target(described: Schema, output: Path | None, form: "Format | None") -> "tuple[Format, Path]":
    """Return the format and the file to write; the path `-` is standard output.

    Raises:
        UsageError: the file cannot be written, or not in this format.
    """
    if output is not None and output != STANDARD_OUTPUT and output.exists() and not output.is_file():
        raise UsageError(f"{output} is not a regular file, so it cannot be replaced; choose another name")
    chosen = cast("Format", format_of_output(form, output, FORMATS, "csv"))
    if output == STANDARD_OUTPUT and chosen == "parquet" and sys.stdout.isatty():
        raise UsageError("a terminal cannot show Parquet; write it to a file: -o NAME.parquet")
    target = output or Path(f"{described.name}.{chosen}")
    if output is None and target.exists() and not target.is_file():
        raise UsageError(f"{target} is not a regular file, so it cannot be replaced; name another by -o")
    return chosen, target


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
