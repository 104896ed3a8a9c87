"""`vsf dev`: the service on a terminal, for a person who also changes the code."""

import click

from vsf_assets.cli.serve import run_service, with_options


@click.command("dev")
@with_options
@click.option("--demo", is_flag=True, help="an account of each role in the portal; this machine only")
def command(host: str, port: int, path_prefix: str, read_only: bool, banners: int, portal: bool, demo: bool) -> None:
    """Open the Dagster UI and the portal, with sensors and automation running; Ctrl-C ends it.

    Like `vsf serve`, with short lines. Reload in the UI loads changed code.
    """
    run_service(host, port, path_prefix, read_only, banners, portal, reloads=True, is_terminal=True, demo=demo)
