"""`vsf dev`: the service on a terminal, for a person who also changes the code."""

import click

from vsf_assets.cli.serve import run_service, with_options


@click.command("dev")
@with_options
def command(host: str, port: int, path_prefix: str, read_only: bool, banners: int) -> None:
    """Open the Dagster UI with sensors and automation running; Ctrl-C ends it.

    Like `vsf serve`, with short lines. Reload in the UI loads changed code.
    """
    run_service(host, port, path_prefix, read_only, banners, reloads=True, is_terminal=True)
