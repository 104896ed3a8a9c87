"""`vsf prepare`: the preparation of an installation, once: the dbt manifest, and a lake that several machines share."""

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import read_settings


@click.command("prepare")
def command() -> None:
    """Write the dbt manifest, and with VSF_CATALOG make the shared lake; safe to repeat."""
    from vsf_assets.transform.dbt_runner import ensure_manifest
    from vsf_assets.warehouse.connection import Warehouse

    settings = read_settings()
    manifest = ensure_manifest(settings)
    say(f"manifest: {manifest}")
    Warehouse.of(settings).prepare(say)
