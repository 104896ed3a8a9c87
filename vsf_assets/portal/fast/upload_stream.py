"""The bytes of one request on their way to the part of an upload.

Here: collecting, handing over to threads, and limits of time. Not here: the file (receiving.py), and which requests are
accepted (uploads.py).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from vsf_assets.portal.fast.receiving import Receiver
from vsf_assets.portal.fast.upload_answers import TOO_SLOW, incomplete, too_long
from vsf_assets.web.answers import HttpAnswer, Receive

BUFFER = 256 * 1024
"""Bytes that are collected before they are written; an upload holds twice as many at most."""

IDLE_SECONDS = 30.0
"""Longest time without a byte."""

SLOW_AFTER, SLOWEST = 60.0, 1024
"""Seconds after which a request must have sent so many bytes per second."""

DRAINED, DRAIN_SECONDS = 64 << 20, 5.0
"""Bytes and seconds of a refused body that are read and thrown away, so that its sender gets to see the answer."""

InThread = Callable[..., Awaitable[Any]]


class SenderGoneError(Exception):
    """The client has gone, or was sent away."""


class RequestBody:
    """The messages of a request, with the knowledge whether they have ended; `receive` of raw ASGI."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._has_ended = False

    async def __call__(self) -> MutableMapping[str, Any]:
        """Return the next message."""
        message = await self._receive()
        self._has_ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read the rest of a body that is refused: most senders look for an answer only when they have sent it all."""
        size = 0
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._has_ended and size < DRAINED:
                    size += len((await self()).get("body", b""))
        except TimeoutError:
            return


class UploadStream:
    """The bytes of one request.

    Args:
        receiver: the opened part.
        receive: gives the messages of the request.
        in_thread: calls a function in a thread, and waits for its end also where this task is canceled.
    """

    def __init__(self, receiver: Receiver, receive: Receive, in_thread: InThread) -> None:
        self._receiver, self._receive, self._in_thread = receiver, receive, in_thread
        self._pieces: list[bytes] = []
        self._held = self._received = 0
        self._writing: asyncio.Future[None] | None = None
        self._began = time.monotonic()
        self._own_seconds = 0.0
        """Time in which the sender waited for our disk."""

    async def run(self) -> HttpAnswer | None:
        """Write bytes until the file is complete; return an answer if it does not come so far.

        Raises:
            SenderGoneError: the client has gone; what it sent is in the part.
        """
        ticket = self._receiver.ticket
        room = ticket.size - self._receiver.offset
        more = True
        try:
            while more:
                message = await self._next()
                if message is None:
                    return TOO_SLOW
                piece, more = message
                if self._received + len(piece) > room:
                    return too_long(ticket)
                self._received += len(piece)
                await self._take(piece)
        finally:
            await self._flush()
        return None if self._received == room else incomplete(self._receiver.offset, ticket)

    async def _next(self) -> tuple[bytes, bool] | None:
        """Return the next bytes and whether more come; None if they come too slowly."""
        passed = time.monotonic() - self._began - self._own_seconds
        if passed > SLOW_AFTER and self._received < passed * SLOWEST:
            return None
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            return None
        if message["type"] != "http.request":
            raise SenderGoneError
        return message.get("body", b""), message.get("more_body", False)

    async def _take(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
        if self._held >= BUFFER:
            pieces, self._pieces, self._held = self._pieces, [], 0
            await self._written()
            self._writing = asyncio.ensure_future(self._in_thread(self._receiver.write, pieces))

    async def _written(self) -> None:
        if self._writing is not None:
            waits_since = time.monotonic()
            await asyncio.shield(self._writing)
            self._own_seconds += time.monotonic() - waits_since
            self._writing = None

    async def _flush(self) -> None:
        """Write what is held, also where the request broke: the next one goes on behind it."""
        await self._written()
        if self._pieces:
            await self._in_thread(self._receiver.write, self._pieces)
            self._pieces = []
