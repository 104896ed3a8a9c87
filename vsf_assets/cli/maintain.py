"""`vsf maintain`: removes what is older than it is kept."""

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import read_settings


@click.command("maintain")
@click.option("--dry-run", is_flag=True, help="remove nothing, and show what would be removed")
def command(dry_run: bool) -> None:
    """Remove old snapshots, Dagster's old records and old log files, as the settings VSF_KEEP_… say.

    With VSF_LAKE, small data files are merged, and those that nothing has named for an hour are removed.

    Safe while runs go on. With the service running, the schedule `daily_maintenance` does the same.
    """
    from vsf_assets.retention.maintain import maintain

    done = maintain(read_settings(), lambda line: say(f"vsf: {line}", err=True), dry_run=dry_run)
    for line in done.lines(dry_run):
        say(line)
    for line in done.problems:
        say(f"vsf: {line}", err=True)
    if done.problems:
        raise SystemExit(1)
