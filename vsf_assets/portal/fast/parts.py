"""Sends a body in parts to a client that may read slowly, or not at all, or leave.

Here: the time limit of each part, and noticing that the client has left. Not here: what is sent (downloads.py,
static_files.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from vsf_assets.web.answers import Headers, Receive, Send

PART = 128 * 1024
"""Bytes of a part."""

PART_SECONDS = 30.0
"""Time in which a client must take a part; a slower one is cut off."""


async def send_parts(status: int, headers: Headers, parts: AsyncIterator[bytes], receive: Receive, send: Send) -> bool:
    """Send an answer in parts; return whether the client took all of it.

    The server's `send` returns when there is room for the part, so that a client that does not read holds one part and
    no thread. When this returns early the server closes the connection, since the announced length was not sent.

    Args:
        status: of the answer.
        headers: with the length of the body.
        parts: the body.
        receive: tells that the client has left; the request's body was read.
        send: the server's.
    """
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    left = asyncio.ensure_future(client_left(receive))
    try:
        async for part in parts:
            async with asyncio.timeout(PART_SECONDS):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            if left.done():
                return False
    except TimeoutError:
        return False
    finally:
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left
    await send({"type": "http.response.body", "body": b""})
    return True


async def parts_of(body: bytes) -> AsyncIterator[bytes]:
    """Yield the parts of a body that is in memory."""
    for first in range(0, len(body), PART):
        yield body[first : first + PART]


async def client_left(receive: Receive) -> None:
    """Return when the client has left; the request's body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass
