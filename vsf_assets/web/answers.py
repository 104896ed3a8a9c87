"""Whole answers of a raw ASGI application: a status, headers and a body in two messages.

Here: sending one, and problems as RFC 9457 describes them. Not here: any route.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

NO_STORE = (b"cache-control", b"no-store")
NO_SNIFFING = (b"x-content-type-options", b"nosniff")


@dataclass(frozen=True)
class HttpAnswer:
    """A response; the length of the body is added to the headers."""

    status: int
    headers: Headers
    body: bytes = b""


def problem(
    kind: str, status: int, title: str, detail: str, *headers: tuple[bytes, bytes], **members: Any
) -> HttpAnswer:
    """Return a problem+json answer that no cache keeps; `kind` is the last part of its type `urn:vsf:<kind>`."""
    content = {"type": f"urn:vsf:{kind}", "title": title, "status": status, "detail": detail, **members}
    content_type = (b"content-type", b"application/problem+json")
    return HttpAnswer(status, (content_type, NO_STORE, NO_SNIFFING, *headers), json.dumps(content).encode() + b"\n")


async def send_answer(send: Send, answer: HttpAnswer, is_head: bool, more: Headers = ()) -> None:
    """Send an answer; the one to HEAD has no body, and the length that GET would have had."""
    headers = [*answer.headers, *more]
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
