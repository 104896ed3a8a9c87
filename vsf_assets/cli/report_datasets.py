"""`vsf report anomalies`, `datapoints` and `choices`: what is wrong with a dataset, and browsing it.

Here: options and what is printed. Not here: what the files say (reports/).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsf_assets.cli.output import format_option, render
from vsf_assets.cli.query import open_snapshot
from vsf_assets.reports.files import check_name, whole_file
from vsf_assets.reports.selection import LEVELS, Selection, choices, find_version
from vsf_assets.settings import Settings, read_settings
from vsf_assets.warehouse.publish import connect_snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATASET = click.option("--dataset", required=True, metavar="NAME", help="the dataset")
VERSION = click.option("--version", type=int, metavar="V", help="one of its versions, not the current one")


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


@contextmanager
def snapshot_of(settings: Settings) -> Iterator["DuckDBPyConnection"]:
    """Open the current snapshot.

    Raises:
        VsfError: nothing was published yet.
    """
    connection = connect_snapshot(open_snapshot(settings))
    try:
        yield connection
    finally:
        connection.close()


@click.command("anomalies")
@DATASET
@VERSION
@click.option("-o", "output", type=click.Path(path_type=Path), help="file to write, .csv")
def anomalies(dataset: str, version: int | None, output: Path | None) -> None:
    """Write what is wrong with a dataset, as anomalies_report.csv.

    One line per finding: file, line, anomaly, column, value, severity. Without -o it goes to reports/ in VSF_HOME.
    """
    from vsf_assets.reports.anomalies import write_dataset_anomalies

    settings = read_settings()
    path = check_name(output or settings.home / "reports" / "anomalies_report.csv", [".csv"])
    with snapshot_of(settings) as connection:
        number = find_version(connection, dataset, version)
        with whole_file(path) as file:
            kinds = write_dataset_anomalies(connection, dataset, number, file)
    click.echo(f"wrote {kinds.total():,} findings on version {number} of {dataset} to {path}")
    for kind, count in sorted(kinds.items()):
        click.echo(f"  {kind}: {count:,}")


@click.command("datapoints")
@selecting(required=("namespace", "database"))
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="file to write, .json")
def datapoints(dataset: str, version: int | None, output: Path, **names: tuple[str, ...]) -> None:
    """Write the data points that a selection of columns stands for, as JSON."""
    from vsf_assets.reports.datapoints import datapoint_report

    path = check_name(output, [".json"])
    with snapshot_of(read_settings()) as connection:
        report, count = datapoint_report(connection, Selection(dataset, version, names))
    if not count:
        click.echo("no data points found for this selection; no file was written")
        return
    with whole_file(path) as file:
        file.write(json.dumps(report, indent=4, ensure_ascii=False) + "\n")
    click.echo(f"found {count:,} data point{'' if count == 1 else 's'}; wrote {path}")


@click.command("choices")
@selecting(required=())
@format_option
def next_choices(dataset: str, version: int | None, form: str, **names: tuple[str, ...]) -> None:
    """Show what can be chosen next: namespaces, then databases, tables, columns and data points."""
    with snapshot_of(read_settings()) as connection:
        level, columns, rows = choices(connection, Selection(dataset, version, names))
    if form == "table" and not rows:
        click.echo(f"there is no {level} for this selection")
        return
    click.echo(render(columns, rows, form))
