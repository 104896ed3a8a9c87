"""The layer before Django: host names, proxies, the size of bodies, uploads, and `/healthz`, as a raw ASGI application.

Here: what is decided from the first bytes of a request, so that Django's threads meet whole small requests only, and
who answers. Not here: pages (urls.py), sending files (fast/), and the server (serve.py). A path is answered here only
where its raw bytes match exactly.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any

from vsf_assets.portal.fast.downloads import FILE_HEADER, SENDS_FILES, Downloads, named_file
from vsf_assets.portal.fast.parts import PART, client_left, parts_of, send_parts
from vsf_assets.portal.fast.static_files import PREFIX, StaticFiles
from vsf_assets.portal.fast.upload_address import upload_of_address
from vsf_assets.portal.fast.upload_stream import RequestBody
from vsf_assets.portal.fast.uploads import Uploads
from vsf_assets.portal.generation.streams import STREAM_HEADER, named_job, send_made
from vsf_assets.portal.generation.worker_pool import worker_pool
from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.web.answers import (
    NO_SNIFFING,
    NO_STORE,
    HttpAnswer,
    Receive,
    Scope,
    Send,
    problem,
    send_answer,
)

Pages = Callable[[Scope, bytes], Awaitable[HttpAnswer]]
"""Answers a whole request: its scope and its body."""

BODY_MAX = 1024 * 1024
"""Bytes of a request's body."""

BODY_SECONDS = 30.0
"""Time in which a body arrives."""

BODIES_MAX = 64 * BODY_MAX
"""Bytes of all bodies together that a process holds at a time."""

_ASKING = ("/questions/", "/api/v1/questions/", "/api/v1/sql")
"""Where a person's queries run, which stop when the client leaves."""

_FORWARDED = b"x-forwarded-"
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Doors:
    """Who may reach the portal.

    Attributes:
        hosts: host names under which it answers, in lower case.
        proxies: addresses whose X-Forwarded-* headers are believed.
    """

    hosts: Collection[str]
    proxies: Collection[str] = ()


class Dispatcher:
    """The application that the server runs."""

    def __init__(
        self, pages: Pages, doors: Doors, static: StaticFiles | None = None, uploads: Uploads | None = None
    ) -> None:
        self._pages, self._doors, self._static = pages, doors, static or StaticFiles({})
        self._uploads = uploads
        self._downloads = Downloads()
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HttpAnswer a request, or hand it to the pages."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["method"] == "HEAD"
        if not self._knows_host(scope):
            await send_answer(send, _REFUSED_HOST, is_head)
        elif scope.get("raw_path") == b"/healthz":
            await send_answer(send, HttpAnswer(200, (_JSON, NO_STORE, NO_SNIFFING), _HEALTHY), is_head)
        elif not scope.get("query_string", b"").isascii():
            await send_answer(send, _NOT_ASCII, is_head)
        elif scope.get("raw_path", b"").startswith(PREFIX):
            await self._static.answer(scope, receive, send)
        elif self._uploads is not None and (upload := _upload_of(scope)) is not None:
            await self._uploads.answer(upload, scope, receive, send)
        else:
            await self._whole(scope, receive, send, is_head)

    async def _whole(self, scope: Scope, receive: Receive, send: Send, is_head: bool) -> None:
        """Read the body, and let the pages answer; the body counts among those held until they have."""
        held = 0

        def hold(size: int) -> bool:
            nonlocal held
            held += size
            self._held += size
            return self._held <= BODIES_MAX

        try:
            body = await _body(scope, receive, hold)
            if isinstance(body, HttpAnswer):
                if body is _TOO_LARGE and _wants_page(scope):
                    await RequestBody(receive).drain()  # a browser shows the answer only when it has sent everything
                    body = _TOO_LARGE_PAGE
                await send_answer(send, body, is_head)
            elif body is not None:
                await self._page(self._behind_proxy(scope), body, receive, send)
        finally:
            self._held -= held

    async def _page(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Let Django answer, and send the answer, or the file that it names, when its thread is free."""
        answer = await self._answer_while_there(scope, body, receive)
        is_head = scope["method"] == "HEAD"
        headers = [pair for pair in answer.headers if pair[0] not in (FILE_HEADER, STREAM_HEADER, b"content-length")]
        file, job = named_file(answer.headers), named_job(answer.headers)
        if job is not None:
            await send_made(job, worker_pool(), headers, scope, receive, send)
        elif file is not None:
            await self._downloads.send(file, headers, scope, receive, send)
        elif is_head or len(answer.body) <= PART:
            await send_answer(send, HttpAnswer(answer.status, headers, answer.body), is_head)
        else:
            headers.append((b"content-length", b"%d" % len(answer.body)))
            await send_parts(answer.status, headers, parts_of(answer.body), receive, send)

    async def _answer_while_there(self, scope: Scope, body: bytes, receive: Receive) -> HttpAnswer:
        """Let Django answer; where a query may run, its thread is told when the client leaves, which ends the query."""
        if not scope["path"].startswith(_ASKING):
            return await self._pages(scope, body)
        left = ClientLeft()
        hearing = asyncio.ensure_future(client_left(receive))
        hearing.add_done_callback(lambda heard: None if heard.cancelled() else left.set())
        try:
            return await self._pages({**scope, ClientLeft.KEY: left}, body)
        finally:
            hearing.cancel()

    def _knows_host(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and _host_name(given[0]) in self._doors.hosts

    def _behind_proxy(self, scope: Scope) -> Scope:
        """Return the scope with what a known proxy says of the client; the headers themselves go no further."""
        forwarded = {n: v.decode("latin-1") for n, v in scope["headers"] if n.startswith(_FORWARDED)}
        changed: MutableMapping[str, Any] = dict(scope)
        kept = [(n, v) for n, v in scope["headers"] if not n.startswith(_FORWARDED) and n != SENDS_FILES]
        # Django cannot tell `x_forwarded_for` from `x-forwarded-for`.
        changed["headers"] = [*((n, v) for n, v in kept if b"_" not in n), (SENDS_FILES, b"1")]
        client = scope.get("client")
        if client and client[0] in self._doors.proxies:
            hops = [hop.strip() for hop in reversed(forwarded.get(b"x-forwarded-for", "").split(","))]
            nearest = next((hop for hop in hops if hop not in self._doors.proxies), "")  # further proxies in a row
            if nearest:
                changed["client"] = (nearest, 0)
            if forwarded.get(b"x-forwarded-proto") == "https":
                changed["scheme"] = "https"
        return changed


def _wants_page(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _upload_of(scope: Scope) -> uuid.UUID | None:
    """Return the upload whose bytes a request is about; None for every other address, and odd spellings of this one."""
    return None if scope.get("query_string") else upload_of_address(scope.get("raw_path", b""))


def _host_name(value: bytes) -> str:
    """Return the host name of a Host header, without its port; IPv6 addresses without brackets."""
    text = value.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if ":" in text else text


async def _body(scope: Scope, receive: Receive, hold: Callable[[int], bool]) -> bytes | HttpAnswer | None:
    """Return the body, or what is answered in place of the page; None if the client has gone.

    `hold` takes the size of each part, and says whether there is room for it.
    """
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not length.isdigit() or int(length[:20]) > BODY_MAX:
        return _TOO_LARGE
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_MAX:
                    return _TOO_LARGE
                if not hold(len(parts[-1])):
                    return _TOO_BUSY
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return _TOO_SLOW


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


_HEALTHY = json.dumps({"status": "ok"}).encode() + b"\n"
_REFUSED_HOST = problem(
    "unknown-host", 421, "Unknown host", "the portal does not answer under this host name; see VSF_PORTAL_HOSTS"
)
_NOT_ASCII = problem(
    "wrong-parameter", 400, "The address is malformed", "write other characters than ASCII in the form %C3%A4"
)
_TOO_LARGE = problem(
    "too-large", 413, "The request is too large", "a request has at most 1 MiB", (b"connection", b"close")
)
_TOO_BUSY = problem(
    "too-busy",
    503,
    "Too many requests at once",
    "try again in some seconds",
    (b"retry-after", b"5"),
    (b"connection", b"close"),
)
_TOO_LARGE_PAGE = HttpAnswer(
    413,
    (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", b"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"),
        (b"connection", b"close"),
        NO_STORE,
        NO_SNIFFING,
    ),
    b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Too large for a form &middot; VSF portal</title>
<link rel="stylesheet" href="/static/portal/portal.css">
</head>
<body>
<main>
<div class="narrow">
<h1>What was sent is too large for a form</h1>
<p class="lead">A form takes 1 MiB. Larger files are sent by the page Deliver files where JavaScript is on, and by the
commands that stand there.</p>
<p><a class="button" href="/deliveries/new/">Deliver files</a> <a class="button" href="/">Go to Home</a></p>
<p class="quiet">Status 413</p>
</div>
</main>
</body>
</html>
""",
)
"""The page for a browser; it looks like that of a defect, which has no account and no snapshot either."""

_TOO_SLOW = problem("too-slow", 408, "The request is too slow", "the whole request was not sent in time")
