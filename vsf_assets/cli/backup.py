"""`vsf backup`: copies the home into a folder, as it is at one moment."""

from pathlib import Path

import click

from vsf_assets.cli.existing_home import refuse_missing_home
from vsf_assets.cli.output import say
from vsf_assets.config.settings import read_settings


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--keep", default=7, show_default=True, type=click.IntRange(min=1), help="backups that stay in FOLDER")
def command(folder: Path, keep: int) -> None:
    """Copy the home into FOLDER, below a folder that is named after the time.

    Safe while the service and runs go on. Files that the backup before has too take no space.
    """
    from vsf_assets.backup.backup_home import back_up

    settings = read_settings()
    refuse_missing_home(settings)
    done = back_up(settings, folder.resolve(), keep, lambda line: say(f"vsf: {line}", err=True))
    say(f"{done.folder}: {done.copied / 1_000_000:,.1f} MB are new; runs had to wait for {done.held_seconds:.1f} s")
    for line in done.notes:
        say(line)
    for line in done.problems:
        say(f"vsf: not in the backup: {line}", err=True)
    if done.problems:
        raise SystemExit(1)
