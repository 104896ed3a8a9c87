"""The process of the web server: Dagster's UI behind the guard, with `/healthz`; and the same UI that starts nothing.

Started by the supervisor with the numbers of listening sockets, which outlive restarts of this process. Here: putting
the applications together and serving them. Not here: the guard's rules (guard.py), WebSockets whose session ends
(session_check.py), what `/healthz` says (health.py).

The two UIs share the process, since a second one would take 150 MB. Which of them answers depends on the socket that a
connection came by, which no request can change.
"""

import argparse
import logging
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import dagster as dg
import uvicorn
from dagster_webserver.app import create_app_from_workspace_process_context

from vsf_assets.config.library_variables import EVENT_BATCHES
from vsf_assets.config.settings import export, fix_surroundings, read_settings
from vsf_assets.resources.dagster_private import workspace_context
from vsf_assets.service.guard import App, Receive, Scope, Send, guarded
from vsf_assets.service.health import with_health
from vsf_assets.service.session_check import with_session_check


def main() -> None:
    """Serve the UI until a signal comes."""
    fix_surroundings()
    export(EVENT_BATCHES)
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptor", type=int, required=True)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--path-prefix", default="")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--read-only-descriptor", type=int)
    options = parser.parse_args()
    settings = read_settings()
    logging.basicConfig(level=logging.WARNING)
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())

        def ui(is_read_only: bool) -> App:
            context = stack.enter_context(workspace_context(instance, options.workspace, is_read_only))
            return cast("App", create_app_from_workspace_process_context(context, options.path_prefix))

        sockets = [stack.enter_context(socket.socket(fileno=options.descriptor))]
        app = ui(options.read_only)
        if options.read_only_descriptor is not None:
            sockets.append(stack.enter_context(socket.socket(fileno=options.read_only_descriptor)))
            app = by_port(app, {sockets[1].getsockname()[1]: ui(is_read_only=True)})
        app = with_session_check(with_health(app, instance, settings.home, options.path_prefix), settings)
        # An open page keeps its WebSocket, so the server does not wait for the end of every connection.
        config = uvicorn.Config(guarded(app, settings.ui_hosts), log_level="warning", timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=sockets)


def by_port(app: App, others: Mapping[int, App]) -> App:
    """Return an application that passes on what came by the port of another one to that, and the rest to `app`."""

    async def choosing(scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")  # the own end of the connection; of the lifespan there is none
        await others.get(server[1] if server else 0, app)(scope, receive, send)

    return choosing


if __name__ == "__main__":
    main()
