"""`vsf dev`: the Dagster UI with sensors running."""

import os
import sys
from pathlib import Path

import click

from vsf_assets.cli.output import say
from vsf_assets.config.settings import PROJECT_ROOT, base_folder, child_environment, read_settings
from vsf_assets.storage.s3_client import is_address


@click.command("dev")
@click.option("--port", default=3000, show_default=True, help="port of the UI, on this machine only")
def command(port: int) -> None:
    """Open the Dagster UI on 127.0.0.1 with sensors and automation running."""
    from vsf_assets.defs.local_runner import open_instance
    from vsf_assets.transform.dbt_runner import ensure_manifest

    settings = read_settings()
    ensure_manifest(settings)
    with open_instance(settings):
        pass  # creates its storage before several processes use it concurrently
    if not is_address(settings.landing):
        Path(settings.landing).mkdir(parents=True, exist_ok=True)
    say(f"drop files into {settings.landing}; the UI is at http://127.0.0.1:{port}", err=True)
    program = Path(sys.executable).with_name("dagster")
    arguments = ["dev", "-w", str(PROJECT_ROOT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    os.chdir(base_folder())
    # Replaces this process, so that Ctrl-C reaches Dagster itself.
    os.execve(program, [str(program), *arguments], child_environment({}))  # noqa: S606
