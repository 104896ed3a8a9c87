"""A line per request on standard output, for `vsf portal --access-log`.

Here: time, address, method, path, status and milliseconds. No secret of a one-time link is written, and no question
behind the path, which may hold personal values. Not here: warnings and errors (config.py).
"""

import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.shared.secret_paths import without_secrets
from vsf_assets.web.answers import Application, Receive, Scope, Send


def with_access_log(application: Application) -> Application:
    """Return an application that writes a line for each request that it answers."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await application(scope, receive, watched)
        finally:
            sys.stdout.write(_line(scope, status, time.monotonic() - began))
            sys.stdout.flush()

    return logged


def _line(scope: Scope, status: int, seconds: float) -> str:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    client = (scope.get("client") or ("-",))[0]
    path = visible(without_secrets(scope["path"]))
    return f"{at} {client} {scope['method']} {path} {status or 'left'} {1000 * seconds:.0f} ms\n"
