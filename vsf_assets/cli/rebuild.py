"""`vsf rebuild`: a new warehouse from the archive, which replaces the old one when all checks pass."""

import click

from vsf_assets.cli.existing_home import refuse_missing_home
from vsf_assets.cli.output import say, say_ignored_dagster_home, show_progress
from vsf_assets.config.settings import read_settings


@click.command("rebuild")
def command() -> None:
    """Build a new warehouse from the archive alone, check it, swap it in and publish it."""
    settings = read_settings()
    refuse_missing_home(settings)
    with show_progress():
        from vsf_assets.transform.dbt_runner import ensure_manifest

        ensure_manifest(settings)
        say_ignored_dagster_home(settings)
        from vsf_assets.definitions import defs
        from vsf_assets.defs.local_runner import failure_reason, open_instance, run_job
        from vsf_assets.snapshots.current import current_snapshot

        with open_instance(settings) as instance:
            good, run_id = run_job(defs(), instance, "rebuild_warehouse")
            if not good:
                say(f"vsf: rebuild failed: {failure_reason(instance, run_id)}", err=True)
                raise SystemExit(1)
    snapshot = current_snapshot(settings)
    say(f"rebuilt; snapshot: {snapshot.name if snapshot else 'none'}")
