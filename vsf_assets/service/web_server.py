"""The process of the web server: Dagster's UI behind the guard, with `/healthz`.

Started by the supervisor with the number of a listening socket, which outlives restarts of this process. Here: putting
the application together and serving it. Not here: the guard's rules (guard.py), what `/healthz` says (health.py).
"""

import argparse
import logging
import socket
from pathlib import Path

import dagster as dg
import uvicorn
from dagster_webserver.app import create_app_from_workspace_process_context

from vsf_assets.config.library_variables import EVENT_BATCHES
from vsf_assets.config.settings import export, fix_surroundings, read_settings
from vsf_assets.resources.dagster_private import workspace_context
from vsf_assets.service.guard import guarded
from vsf_assets.service.health import with_health


def main() -> None:
    """Serve the UI until a signal comes."""
    fix_surroundings()
    export(EVENT_BATCHES)
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptor", type=int, required=True)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--path-prefix", default="")
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    settings = read_settings()
    logging.basicConfig(level=logging.WARNING)
    with (
        socket.socket(fileno=options.descriptor) as listening,
        dg.DagsterInstance.get() as instance,
        workspace_context(instance, options.workspace, options.read_only) as context,
    ):
        ui = create_app_from_workspace_process_context(context, options.path_prefix)
        app = with_health(ui, instance, settings.home, options.path_prefix)
        # An open page keeps its WebSocket, so the server does not wait for the end of every connection.
        config = uvicorn.Config(guarded(app, settings.ui_hosts), log_level="warning", timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
