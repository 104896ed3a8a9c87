"""Sends a file while a process makes it: Django checks the rights and leaves the question, the layer before it sends.

Here: the internal header that names a question, keeping it until it is asked a moment later, and sending. Not here: who
may have the file (portal/made), and the processes (worker_pool.py).

No thread of Django waits for the rows or for the client. When the client leaves, the process is killed.
"""

import asyncio
import secrets
import threading
from contextlib import suppress
from typing import Any

from vsf_assets.portal.fast.parts import PART_SECONDS
from vsf_assets.portal.generation.job import GenerationError, GenerationJob
from vsf_assets.portal.generation.worker_pool import Worker, WorkerPool
from vsf_assets.web.answers import Headers, HttpAnswer, Receive, Scope, Send, problem, send_answer

STREAM_HEADER = b"x-vsf-makes"
"""Header of an answer that names a question; it never reaches a client."""

_MOST_WAITING = 100

_waiting: dict[str, GenerationJob] = {}
_lock = threading.Lock()


class FileBrokenOffError(Exception):
    """The rest of a file cannot be made; the server then ends the connection, so that the client knows."""


def leave(job: GenerationJob) -> str:
    """Keep a question for the layer before Django, and return its name."""
    name = secrets.token_hex(16)
    with _lock:
        while len(_waiting) >= _MOST_WAITING:  # of requests that broke off in between
            del _waiting[next(iter(_waiting))]
        _waiting[name] = job
    return name


def named_job(headers: Headers) -> GenerationJob | None:
    """Return the question that an answer names, which can be taken once."""
    for name, value in headers:
        if name == STREAM_HEADER:
            with _lock:
                return _waiting.pop(value.decode("latin-1"), None)
    return None


async def send_made(
    job: GenerationJob, pool: WorkerPool, headers: Headers, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send a file while it is made.

    Args:
        job: the question.
        pool: the processes.
        headers: of Django's answer; those about the body are left out.
        scope: the request.
        receive: tells that the client has left.
        send: the server's.

    Raises:
        FileBrokenOffError: the file cannot be made to its end, and a part of it was sent.
    """
    kept = [(name, value) for name, value in headers if name not in (STREAM_HEADER, b"content-length")]
    left = asyncio.ensure_future(_left(receive))
    try:
        worker = await asyncio.to_thread(pool.acquire, is_file=True)
    except GenerationError as error:
        left.cancel()
        await send_answer(send, _refusal(error), scope["method"] == "HEAD")
        return
    try:
        await _send_answer_of(worker, job, kept, left, send)
    finally:
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left
        await asyncio.to_thread(pool.release, worker, is_file=True)


async def _send_answer_of(
    worker: Worker, job: GenerationJob, headers: Headers, left: "asyncio.Future[None]", send: Send
) -> None:
    try:
        await asyncio.to_thread(worker.ask, job)
        part = await _next(worker, left)
    except GenerationError as error:
        await send_answer(send, _refusal(error), is_head=False)
        return
    if left.done():
        return
    await send({"type": "http.response.start", "status": 200, "headers": [*headers]})
    try:
        while part is not None and not left.done():
            async with asyncio.timeout(PART_SECONDS):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            part = await _next(worker, left)
    except (GenerationError, TimeoutError) as error:
        raise FileBrokenOffError(str(error)) from error
    if not left.done():
        await send({"type": "http.response.body", "body": b""})


async def _next(worker: Worker, left: "asyncio.Future[None]") -> bytes | None:
    """Return the next bytes of a file; None at its end, and when the client left: then the process is killed."""
    reading = asyncio.ensure_future(asyncio.to_thread(worker.next_frame))
    waiting: list[asyncio.Future[Any]] = [reading, left]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not reading.done():
        worker.process.kill()  # which ends the reading
        with suppress(GenerationError):
            await reading
        return None
    return reading.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(error: GenerationError) -> HttpAnswer:
    if error.is_busy:
        return problem("not-available", 503, "Other files are being made", str(error), (b"retry-after", b"5"))
    return problem("not-made", 422, "The file cannot be made", str(error))
