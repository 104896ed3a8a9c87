"""`vsf migrate`: changes the tables of a lake that several machines share to those of this release."""

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import read_settings


@click.command("migrate")
def command() -> None:
    """Change the tables of the shared lake (VSF_CATALOG) to those of this release.

    Workers of the release before refuse to write from then on, so stop them first. Originals of tables that had to be
    emptied are read again by the next run.
    """
    from vsf_assets.warehouse.connection import Warehouse

    Warehouse.of(read_settings()).migrate(say)
