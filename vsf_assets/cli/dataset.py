"""`vsf dataset`: give a dataset another name, or delete it, with its history and reports.

Here: what may be asked, and the record of it. Not here: what follows from the record (dbt). A change is a delivery
like any other: it lands, is loaded and archived, so that a rebuild knows it too.
"""

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from vsf_assets.cli.output import say
from vsf_assets.cli.query import snapshot_of
from vsf_assets.cli.run import make_selection, run
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds.by_family.datasets import CHANGES
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.landing.land_file import land_file


@click.group("dataset")
def command() -> None:
    """Rename or delete a dataset."""


@command.command("rename")
@click.argument("old")
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Give a dataset another name, with its versions and reports.

    What is uploaded under the old name afterwards is another dataset.
    """
    settings = read_settings()
    if not DATASETS.accepts(new):
        raise UsageError(f"{new!r} cannot be the name of a dataset")
    _check(settings, old, new)
    _record(settings, {"action": "rename", "dataset": old, "new_name": new})
    say(f"renamed {old} to {new}")


@command.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="do not ask")
def delete(name: str, yes: bool) -> None:
    """Delete a dataset with its versions and reports.

    The originals stay in the archive, with the record of the deletion. What is uploaded under the name afterwards is a
    new dataset.
    """
    settings = read_settings()
    _check(settings, name)
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"this deletes {name} with its history; to do it without being asked, add --yes")
    if not yes:
        click.confirm(f"delete {name} with its versions and reports?", abort=True)
    _record(settings, {"action": "delete", "dataset": name, "new_name": None})
    say(f"deleted {name}; its originals are in the archive")


def _check(settings: Settings, name: str, new: str | None = None) -> None:
    """Raise UsageError if there is no such dataset, or one that has the new name already."""
    with snapshot_of(settings) as connection:
        found = connection.execute("select distinct dataset from marts.dim_dataset_versions order by 1").fetchall()
    names = [row[0] for row in found]
    if name not in names:
        raise UsageError(f"there is no dataset {name!r}; datasets: {', '.join(names) or 'none yet'}")
    if new in names:
        raise UsageError(f"there is a dataset {new!r} already; delete it first, or choose another name")


def _record(settings: Settings, change: dict[str, str | None]) -> None:
    """Land the record of a change, and let it take effect."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{now:%Y%m%dT%H%M%S.%f}Z_{change['action']}.jsonl"
        file.write_text(json.dumps(change, ensure_ascii=False) + "\n", encoding="utf-8")
        land_file(settings.landing, file, f"{CHANGES}/{file.name}")
    # Uploads that wait came before the change, so they are taken first.
    if not run(settings, make_selection(("datasets", CHANGES), None, None, None, force=False)):
        raise SystemExit(1)
