"""`vsf serve`: the service of a machine, which keeps the UI, the sensors and the automation running."""

import sys
from collections.abc import Callable
from typing import Any

import click

from vsf_assets.cli.output import say_ignored_dagster_home
from vsf_assets.config.settings import read_settings


def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `vsf serve` and `vsf dev` share."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="address of the UI"),
        click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="port of the UI"),
        click.option("--path-prefix", default="", help="path of the UI behind a proxy, like /dagster"),
        click.option("--read-only", is_flag=True, help="the UI shows everything and starts nothing"),
        click.option(
            "--banners",
            default=0,
            type=click.IntRange(0, 64),
            help="workers of the banner service, at VSF_BANNERS_BIND",
        ),
        click.option(
            "--portal/--no-portal", "portal", default=True, show_default=True, help="the portal, at VSF_PORTAL_BIND"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def run_service(
    host: str,
    port: int,
    path_prefix: str,
    read_only: bool,
    banners: int,
    portal: bool,
    *,
    reloads: bool,
    is_terminal: bool,
    demo: bool = False,
) -> None:
    """Run the service with options of the command line; `demo` makes the portal's demo accounts."""
    from vsf_assets.service.parts import Options
    from vsf_assets.service.start_service import serve

    settings = read_settings()
    say_ignored_dagster_home(settings)
    serve(settings, Options(host, port, path_prefix, read_only, reloads, banners, portal or demo, demo), is_terminal)


@click.command("serve")
@with_options
def command(host: str, port: int, path_prefix: str, read_only: bool, banners: int, portal: bool) -> None:
    """Keep the UI, sensors, automation and portal running; what dies or hangs is restarted.

    SIGTERM, SIGHUP and Ctrl-C end all of it. The log is logs/service.log in the home.
    """
    run_service(host, port, path_prefix, read_only, banners, portal, reloads=False, is_terminal=sys.stderr.isatty())
