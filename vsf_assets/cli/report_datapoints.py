"""`vsf report datapoints` and `vsf report choices`: browses a dataset.

Here: options and printed messages. Not here: the content of the files (reports/).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.cli.output import format_option, hand_over, render, say
from vsf_assets.cli.output_option import STANDARD_OUTPUT, format_of_output, name_of, open_output, output_option
from vsf_assets.cli.query import snapshot_of
from vsf_assets.config.settings import read_settings
from vsf_assets.reports.dataset_rows import LEVELS, DatasetRows, choices, find_version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATASET = click.option("--dataset", required=True, metavar="NAME", help="the dataset")
VERSION = click.option(
    "--version",
    type=int,
    metavar="V",
    help="one of its versions; default: the current one, or the newest if none is complete",
)


def selecting(required: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return a decorator with the options of a selection."""

    def decorate(function: Any) -> Any:
        for level in reversed(LEVELS):
            what = "ID or option name of a namespace" if level == "namespace" else f"only this {level}"
            function = click.option(
                f"--{level}", level, multiple=True, required=level in required, help=f"{what} (repeatable)"
            )(function)
        return DATASET(VERSION(function))

    return decorate


def _chosen(connection: "DuckDBPyConnection", dataset: str, version: int | None) -> int:
    """Return the number of the version to browse; print a warning to stderr if it is incomplete."""
    found = find_version(connection, dataset, version)
    if found.warning:
        click.echo(f"vsf: {found.warning}", err=True)
    return found.number


@click.command("datapoints")
@selecting(required=("namespace", "database"))
@output_option("file to write, .json", required=True)
def datapoints(dataset: str, version: int | None, output: Path, **names: tuple[str, ...]) -> None:
    """Write the data points of a selection of columns as JSON."""
    from vsf_assets.reports.datapoints import count_datapoints, write_datapoints

    format_of_output(None, output, ["json"], "json")
    with snapshot_of(read_settings()) as connection:
        chosen = _chosen(connection, dataset, version)
        selection = DatasetRows(dataset, chosen, names)
        count = count_datapoints(connection, selection)
        if not count:
            say("no data points found for this selection; no file was written", err=output == STANDARD_OUTPUT)
            return
        with open_output(output) as file:
            write_datapoints(connection, selection, file)
    say(
        f"found {count:,} data point{'' if count == 1 else 's'}; wrote {name_of(output)}", err=output == STANDARD_OUTPUT
    )


@click.command("choices")
@selecting(required=())
@format_option
def next_choices(dataset: str, version: int | None, form: str, **names: tuple[str, ...]) -> None:
    """Show the next level of choices: namespaces, then databases, tables, columns and data points."""
    with snapshot_of(read_settings()) as connection:
        level, columns, rows = choices(connection, DatasetRows(dataset, _chosen(connection, dataset, version), names))
    if form == "table" and not rows:
        say(f"there is no {level} for this selection")
        return
    hand_over(render(columns, rows, form), form)
