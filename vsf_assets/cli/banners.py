"""`vsf banners`: the web service that answers banners of campaigns."""

import time
from pathlib import Path

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import export, read_settings


@click.command("banners")
@click.option("--bind", help="address as host:port; default: VSF_BANNERS_BIND, 127.0.0.1:8001")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="processes that answer")
@click.option("--access-log", is_flag=True, help="log a line per request to standard output")
@click.option("--rotate-key", is_flag=True, help="add a new signing key, which signs in a minute, and end")
def command(bind: str | None, workers: int, access_log: bool, rotate_key: bool) -> None:
    """Answer banners of the current snapshot by HTTP, until Ctrl-C or SIGTERM.

    New scores are served within seconds of publishing; see docs/banners.md.
    """
    if bind:
        export({"VSF_BANNERS_BIND": bind})
    settings = read_settings()
    if rotate_key:
        _rotate(settings.keys)
        return
    from vsf_assets.banners.serving import ServiceOptions, serve

    host, port = settings.banners_bind
    serve(settings, ServiceOptions(host, port, workers, access_log), lambda text: say(text, err=True))


def _rotate(folder: Path) -> None:
    from vsf_assets.banners.visitor_tokens import DAYS
    from vsf_assets.web.signing_keys import LEAD_SECONDS, add_key

    key = add_key(folder, time.time(), DAYS * 86_400.0)
    say(f"added the signing key {key.id} to {folder}; it signs in {LEAD_SECONDS:.0f} s, and earlier tokens stay valid")
