"""`vsf dataset`: rename or delete a dataset, with its history and reports.

Here: validation of the request, and the run that applies it. Not here: the record of a change
(pipeline/dataset_changes.py), and its effect (dbt).
"""

import sys

import click

from vsf_assets.cli.output import say
from vsf_assets.cli.query import snapshot_of
from vsf_assets.cli.run import make_selection, run
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds.by_family.datasets import CHANGES
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.pipeline.dataset_changes import DELETE, RENAME, land_change, path_of_change
from vsf_assets.reports.dataset_rows import no_such_dataset


@click.group("dataset")
def command() -> None:
    """Rename or delete a dataset."""


@command.command("rename")
@click.argument("old")
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Rename a dataset, with its versions and reports.

    Later uploads under the old name are another dataset.
    """
    settings = read_settings()
    if not DATASETS.accepts(new):
        raise UsageError(f"{new!r} is not a valid name of a dataset")
    _check(settings, old, new)
    _change(settings, RENAME, old, new)
    say(f"renamed {old} to {new}")


@command.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="do not ask for confirmation")
def delete(name: str, yes: bool) -> None:
    """Delete a dataset with its versions and reports.

    The originals stay in the archive, with the record of the deletion. Later uploads under this name are a new dataset.
    """
    settings = read_settings()
    _check(settings, name)
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"this deletes {name} with its history; to delete without confirmation, add --yes")
    if not yes:
        click.confirm(f"delete {name} with its versions and reports?", abort=True)
    _change(settings, DELETE, name)
    say(f"deleted {name}; its originals are in the archive")


def _check(settings: Settings, name: str, new: str | None = None) -> None:
    """Raise UsageError if there is no such dataset, or one that has the new name already."""
    with snapshot_of(settings) as connection:
        found = connection.execute("select distinct dataset from marts.dim_dataset_versions order by 1").fetchall()
    names = [row[0] for row in found]
    if name not in names:
        raise UsageError(no_such_dataset(name, names))
    if new in names:
        raise UsageError(f"there is a dataset {new!r} already; delete it first, or choose another name")


def _change(settings: Settings, action: str, name: str, new: str | None = None) -> None:
    """Land the record of a change, and run the ingest and the build."""
    land_change(settings, path_of_change(action), action, name, new)
    # Waiting uploads landed before the change, so they are loaded with it.
    if not run(settings, make_selection(("datasets", CHANGES), None, None, None, force=False)):
        raise SystemExit(1)
