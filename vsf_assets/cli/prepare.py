"""`vsf prepare`: the one-time preparation of an installation, which writes the dbt manifest."""

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import read_settings


@click.command("prepare")
def command() -> None:
    """Write the dbt manifest; safe to repeat."""
    from vsf_assets.transform.dbt_runner import ensure_manifest

    settings = read_settings()
    manifest = ensure_manifest(settings)
    say(f"manifest: {manifest}")
