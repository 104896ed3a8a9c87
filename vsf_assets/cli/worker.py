"""`vsf worker`: takes runs from the queue, on any machine of a shared lake."""

import click

from vsf_assets.config.settings import read_settings


@click.command("worker")
@click.option("--name", default="", help="name of the worker; default: host and process")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(1, 64), help="runs at once")
@click.option(
    "--own", is_flag=True, help="also take runs that need the folders of this home: fetched and made-up files"
)
def command(name: str, runs: int, own: bool) -> None:
    """Take runs from the queue (VSF_BROKER), and execute each in a process of its own.

    SIGTERM lets runs that go on finish first.
    """
    from vsf_assets.service.queue_worker import work

    work(read_settings(), name, runs, own)
