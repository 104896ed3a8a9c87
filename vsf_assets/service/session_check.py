"""Closes WebSockets of the UI whose person may not use the UI any more.

Here: asking the portal again, every few seconds, for each open WebSocket that came by the proxy with the portal's
log-in (deploy/nginx-dagster.conf). Not here: other requests, of which the proxy asks about each one, and the answer
(portal/accounts/dagster_access.py).

A WebSocket lasts as long as its page, and the proxy asks only when it begins. Whoever signs out, or loses the role,
would go on seeing events of runs.
"""

import asyncio
import http.client
import logging
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from vsf_assets.config.settings import Settings
from vsf_assets.service.guard import App, Receive, Scope, Send
from vsf_assets.web.ui_access import ACCESS, PATH

CHECK_SECONDS = 2.0
"""Between two questions about one WebSocket."""

UNANSWERED = 5
"""Questions in a row without an answer, as while the portal starts again, after which a WebSocket is closed."""

_TIMEOUT = 5.0
_CLOSED = 1008
_log = logging.getLogger("vsf.service.ui")


def with_session_check(app: App, settings: Settings) -> App:
    """Return an ASGI application that closes WebSockets of `app` when the portal says so; without VSF_UI_URL `app`."""
    if not settings.ui_url:
        return app

    async def checking(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        access = headers.get(ACCESS.lower().encode(), "")
        if scope["type"] != "websocket" or not access:
            await app(scope, receive, send)
            return
        cookie = headers.get(b"cookie", "")
        over = asyncio.create_task(_is_over(settings, cookie, access))
        try:
            await app(scope, _until(over, receive, send), send)
        finally:
            over.cancel()

    return checking


def _until(over: "asyncio.Task[None]", receive: Receive, send: Send) -> Receive:
    """Return what receives messages until the session is over; then it closes, and says that the page has left."""

    async def receiving() -> MutableMapping[str, Any]:
        message = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({message, over}, return_when=asyncio.FIRST_COMPLETED)
            if message.done():
                return message.result()
        finally:
            message.cancel()
        await send({"type": "websocket.close", "code": _CLOSED, "reason": "sign in again"})
        return {"type": "websocket.disconnect", "code": _CLOSED}

    return receiving


async def _is_over(settings: Settings, cookie: str, access: str) -> None:
    """Return when the person of a cookie may not do what they might at the beginning."""
    unanswered = 0
    while unanswered < UNANSWERED:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            found = await asyncio.to_thread(ask_portal, settings, cookie)
        except (OSError, http.client.HTTPException) as error:
            unanswered += 1
            if unanswered == UNANSWERED:
                _log.warning("the portal does not answer who may use the UI: %s", error)
            continue
        unanswered = 0
        if found != access:
            return


def ask_portal(settings: Settings, cookie: str) -> str:
    """Return what the portal says that the person with these cookies may; empty for nothing.

    Raises:
        OSError, HTTPException: the portal does not answer.
    """
    host, port = settings.portal.bind
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    parts = urlsplit(settings.portal.shown_url)
    connection = http.client.HTTPConnection(own, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", PATH, headers={"Host": parts.netloc, "Cookie": cookie})
        answer = connection.getresponse()
        if answer.status >= 500:
            raise http.client.HTTPException(f"status {answer.status}")
        return answer.getheader(ACCESS, "") if answer.status == 204 else ""
    finally:
        connection.close()
