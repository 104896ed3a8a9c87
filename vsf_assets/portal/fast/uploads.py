"""Receives uploads: PUT of raw bytes, which goes on where it broke, and HEAD, which says where that is.

Here: the requests, their limits in time and size, and their answers. Not here: the bytes (receiving.py), and names in
the landing zone (naming.py). Nothing here waits for a disk: what does runs in threads of its own, so other requests go
on meanwhile.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from vsf_assets.common.ulids import ulid_of
from vsf_assets.config.settings import Settings
from vsf_assets.portal.fast.naming import LandingNames, WhyNot
from vsf_assets.portal.fast.receiving import Receiver, WrongOffsetError
from vsf_assets.portal.fast.tickets import HEADER, BadTicketError, Ticket, TicketOffice
from vsf_assets.portal.fast.unpacked_size import UnpackedTooLargeError
from vsf_assets.portal.fast.upload_answers import (
    BUSY,
    CLOSE,
    JSON,
    WRONG_METHOD,
    bad_header,
    broken,
    no_ticket,
    offset_header,
    other_digest,
    too_long,
    wrong_offset,
)
from vsf_assets.portal.fast.upload_folder import COMPLETE, LANDED, REFUSED, BusyError, UploadFolder, UploadRecord
from vsf_assets.portal.fast.upload_headers import BadHeaderError, header, length_of, offset_of
from vsf_assets.portal.fast.upload_stream import RequestBody, SenderGoneError, UploadStream
from vsf_assets.web.answers import NO_SNIFFING, NO_STORE, HttpAnswer, Receive, Scope, Send, problem, send_answer

THREADS = 4
"""Threads of a process that write, hash and flush."""

NAMING_THREADS = 4
"""Threads of a process that give names, which into a bucket takes as long as the bytes take once more, and wait for the
lock of names and the database. Bytes of other uploads are written meanwhile."""

Result = TypeVar("Result")
_log = logging.getLogger("vsf.portal.uploads")


class Uploads:
    """The part of the fast layer that receives uploads.

    Args:
        settings: the landing zone, the keys and the portal's address.
        on_end: called in a thread with the ids of uploads that have ended, before their sender gets an answer.
        why_not: called in a thread before files get their names; says why they may not land any more.
    """

    def __init__(
        self,
        settings: Settings,
        on_end: Callable[[Collection[uuid.UUID]], None] | None = None,
        why_not: WhyNot | None = None,
    ) -> None:
        self._on_end = on_end
        self._folder = UploadFolder.of(settings)
        self._names = LandingNames(settings, self._folder, why_not)
        self._tickets = TicketOffice.of(settings)
        self._address = settings.portal.shown_url
        self._threads = ThreadPoolExecutor(THREADS, "uploads")
        self._naming_threads = ThreadPoolExecutor(NAMING_THREADS, "names of uploads")
        self._running: dict[uuid.UUID, asyncio.Task[HttpAnswer | None]] = {}
        self._finishing: set[uuid.UUID] = set()

    def go_on(self) -> None:
        """Give names to complete uploads that a killed process left without one."""
        self._names.go_on()

    async def answer(self, upload: uuid.UUID, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the bytes of an upload."""
        method = scope["method"]
        if method not in ("PUT", "HEAD"):
            await send_answer(send, WRONG_METHOD, is_head=False)
            return
        try:
            ticket = self._tickets.read(header(scope, HEADER), upload, time.time())
        except BadTicketError as error:
            await send_answer(send, no_ticket(str(error)), method == "HEAD")
            return
        if method == "HEAD":
            await send_answer(send, await self._in_thread(self._state, ticket), is_head=True)
            return
        body = RequestBody(receive)
        found = await self._put(ticket, scope, body)
        if found is not None:
            if found.status >= 300 and not header(scope, b"expect"):  # who asks first sends nothing
                await body.drain()
            await send_answer(send, found, is_head=False)

    async def _in_thread(self, call: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in a thread, and wait for its end also where this task is canceled: it uses an open file."""
        return await self._waited(self._threads, partial(call, *arguments))

    async def _in_naming_thread(self, call: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function that waits for the lock of names, the store or the database; see `_in_thread`."""
        return await self._waited(self._naming_threads, partial(call, *arguments))

    @staticmethod
    async def _waited(threads: ThreadPoolExecutor, call: Callable[[], Result]) -> Result:
        future = asyncio.get_running_loop().run_in_executor(threads, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            raise

    def _state(self, ticket: Ticket) -> HttpAnswer:
        record = self._folder.record(ticket.id)
        state = record.state if record is not None else "sending"
        offset = record.size if record is not None else self._folder.received(ticket.id) or 0
        more = [(b"x-vsf-upload-state", state.encode()), offset_header(offset), (b"upload-length", b"%d" % ticket.size)]
        if record is not None and record.state == LANDED:
            more.append((b"x-vsf-sha256", record.sha256.encode()))
        return HttpAnswer(200, (NO_STORE, NO_SNIFFING, *more))

    async def _put(self, ticket: Ticket, scope: Scope, receive: Receive) -> HttpAnswer | None:
        """Receive bytes in a task of their own; a newer request for the same upload takes its place."""
        earlier = self._running.get(ticket.id)
        if earlier is not None:
            if ticket.id not in self._finishing:
                earlier.cancel()
            await asyncio.wait([earlier])
        task = asyncio.ensure_future(self._received(ticket, scope, receive))
        self._running[ticket.id] = task
        try:
            await asyncio.wait([task])
            return BUSY if task.cancelled() else task.result()
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            if self._running.get(ticket.id) is task:
                del self._running[ticket.id]

    async def _received(self, ticket: Ticket, scope: Scope, receive: Receive) -> HttpAnswer | None:
        """Return the answer to a PUT; None if the client has gone."""
        try:
            known = await self._in_thread(self._folder.record, ticket.id)
            if known is not None:
                return self._spent(known) if known.state != COMPLETE else await self._finish(known)
            offset, length = offset_of(scope, ticket.size), length_of(scope)
            if (offset or 0) + (length or 0) > ticket.size:
                return too_long(ticket)
            return await self._stream(ticket, offset, receive)
        except SenderGoneError:
            return None
        except BadHeaderError as error:
            return bad_header(str(error))
        except WrongOffsetError as error:
            return wrong_offset(error.offset)
        except BusyError:
            return BUSY
        except OSError as error:
            _log.error("the upload %s cannot be stored", ulid_of(ticket.id), exc_info=error)
            return broken(error)

    async def _stream(self, ticket: Ticket, offset: int | None, receive: Receive) -> HttpAnswer:
        receiver = Receiver(self._folder, ticket)
        try:
            await self._in_thread(receiver.open, offset)
            while await self._in_thread(receiver.restore):
                pass
            ended = await UploadStream(receiver, receive, self._in_thread).run()
            if not receiver.is_current():
                return await self._after_removal(ticket)
            if ended is not None:
                return ended
            record = await self._in_thread(receiver.complete)
        except UnpackedTooLargeError as error:
            return await self._refuse(_refusal_of(ticket, receiver.offset), 422, f"{ticket.path} is refused: {error}")
        finally:
            receiver.close()  # a file that is open for writing would not be loaded
        if ticket.sha256 and record.sha256 != ticket.sha256:
            return await self._refuse(record, 422, other_digest(ticket, record))
        return await self._finish(record)

    async def _finish(self, record: UploadRecord) -> HttpAnswer:
        """Give the file its name; into a bucket this takes as long as the bytes take once more."""
        self._finishing.add(record.id)
        try:
            known = await self._in_naming_thread(self._names.finish, record)
            await self._ended(known)
            return self._named(known)
        finally:
            self._finishing.discard(record.id)

    async def _ended(self, record: UploadRecord) -> None:
        if self._on_end is not None and record.state != COMPLETE:
            await self._in_naming_thread(self._on_end, record.group or (record.id,))

    async def _refuse(self, record: UploadRecord, status: int, reason: str) -> HttpAnswer:
        """Refuse an upload for good."""
        await self._in_naming_thread(self._names.cancel, record.refused(status, reason))
        known: UploadRecord | None = await self._in_thread(self._folder.record, record.id)
        await self._ended(known or record)
        return self._named(known or record)

    async def _after_removal(self, ticket: Ticket) -> HttpAnswer:
        known = await self._in_thread(self._folder.record, ticket.id)
        return self._spent(known) if known is not None else no_ticket("the upload has ended")

    def _named(self, record: UploadRecord) -> HttpAnswer:
        """Return the answer to a sender whose bytes are all there."""
        if record.state == REFUSED:
            return problem("upload-refused", record.status, "The file was not accepted", record.reason)
        content = {
            "receipt": self._receipt(record.id),
            "state": record.state,
            "bytes": record.size,
            "sha256": record.sha256,
        }
        location = (b"location", self._receipt(record.id).encode())
        return HttpAnswer(201, (JSON, NO_STORE, NO_SNIFFING, location), json.dumps(content).encode() + b"\n")

    def _spent(self, record: UploadRecord) -> HttpAnswer:
        """Return the answer to bytes for an upload that has ended."""
        if record.state == REFUSED:
            return problem("upload-refused", 409, "The upload has ended", record.reason, CLOSE, state=record.state)
        detail = "this file has landed already; to deliver another one, begin a new upload"
        receipt = self._receipt(record.id)
        return problem("upload-spent", 409, "The upload has ended", detail, CLOSE, state=record.state, receipt=receipt)

    def _receipt(self, upload: uuid.UUID) -> str:
        return f"{self._address}/deliveries/{ulid_of(upload)}/"


def _refusal_of(ticket: Ticket, size: int) -> UploadRecord:
    return UploadRecord(ticket.id, COMPLETE, ticket.path, size, "", 0, ticket.expires, ticket.group)
