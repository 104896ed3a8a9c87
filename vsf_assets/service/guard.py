"""The guard before the UI: an ASGI middleware that refuses requests which other web pages make.

Here: the rules, as pure functions of a request's headers, and the middleware. The UI has no log-in, so any page that a
browser on this machine opens could command it: by a form, a `fetch`, a WebSocket, a link with a mutation, or a foreign
host name that resolves to this machine (DNS rebinding). Not here: log-in and TLS (a proxy's work). Nothing of Dagster
is imported.
"""

import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from vsf_assets.config.settings import LOOPBACK

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_NOT_A_READ = re.compile(r"\b(mutation|subscription)\b", re.IGNORECASE)
_SAFE_SITES = ("same-origin", "none")


def host_name(text: str) -> str:
    """Return the name of a Host header without its port, in lower case; empty if the header is malformed."""
    match = _HOST.fullmatch(text.strip())
    return match["name"].strip("[]").lower().rstrip(".") if match else ""


def refusal(scope: Scope, hosts: Collection[str]) -> str | None:
    """Return why a request is refused; None if it may pass.

    Args:
        scope: ASGI scope of type "http" or "websocket".
        hosts: host names under which the UI may be asked, beside those of the loopback device; in lower case.
    """
    headers = _Headers(scope.get("headers", ()))
    return _foreign_host(headers, hosts) or _foreign_page(scope, headers, hosts) or _writing_get(scope)


class _Headers:
    """The headers of a request, by lower-case name."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value.strip() for key, value in self._pairs if key == name]

    def last(self, name: str) -> str:
        return next(iter(reversed(self.all(name))), "")


def _foreign_host(headers: _Headers, hosts: Collection[str]) -> str | None:
    given = headers.all("host")
    name = host_name(given[0]) if len(given) == 1 else ""
    if name and (name in LOOPBACK or name in hosts):
        return None
    return "the UI does not answer under this host name; add it to VSF_UI_HOSTS if it is yours"


def _foreign_page(scope: Scope, headers: _Headers, hosts: Collection[str]) -> str | None:
    reason = "a page of another origin may not use the UI"
    if any(not _is_own_origin(origin, headers.last("host"), hosts) for origin in headers.all("origin")):
        return reason
    # Browsers send no Origin with a GET of an image, a frame or a link, but they say where it comes from.
    site = headers.last("sec-fetch-site").lower()
    if site and site not in _SAFE_SITES and not _is_navigation(scope, headers):
        return reason
    return None


def _is_own_origin(origin: str, host: str, hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False  # also "null", which sandboxed frames and local files send
    # Another port of this machine is another origin. A proxy may have replaced the host; then its name is in `hosts`.
    return parts.netloc.lower() == host.lower() or host_name(parts.netloc) in hosts


def _is_navigation(scope: Scope, headers: _Headers) -> bool:
    """Whether a person followed a link to the UI in a tab of their own; a frame is none."""
    return (
        scope["type"] == "http"
        and scope.get("method") == "GET"
        and headers.last("sec-fetch-mode").lower() == "navigate"
        and headers.last("sec-fetch-dest").lower() == "document"
    )


def _writing_get(scope: Scope) -> str | None:
    is_graphql = scope["path"].rstrip("/").endswith("/graphql")
    if not is_graphql or scope["type"] != "http" or scope.get("method") == "POST":
        return None
    given = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    # The word alone is refused too, in a comment or a text: a parser of our own might read a document otherwise.
    return "send mutations by POST" if any(_NOT_A_READ.search(text) for _, text in given) else None


def guarded(app: App, hosts: Collection[str]) -> App:
    """Return an ASGI application that passes on what `refusal` lets through, and answers 403 to the rest."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or (reason := refusal(scope, hosts)) is None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            # A close before the acceptance is the answer 403.
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await answer(send, 403, f"{reason}\n".encode(), b"text/plain; charset=utf-8")

    return guard


async def answer(send: Send, status: int, body: bytes, content_type: bytes) -> None:
    """Send a whole HTTP response that no cache keeps."""
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
