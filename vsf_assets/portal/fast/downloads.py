"""Downloads: Django checks the rights and names a file in an internal header, and this sends it.

Here: the header, ranges, ETags, and reading the file, so that no thread of Django waits for a client. Not here: who may
have the file (the views, by shared/sent_files.py), and the time limits (parts.py).

The internal header holds a path, so it never reaches a client: the layer before Django takes it out of every answer.
"""

import asyncio
import json
import os
import re
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vsf_assets.portal.fast.parts import PART, send_parts
from vsf_assets.web.answers import Headers, HttpAnswer, Receive, Scope, Send, problem, send_answer

SENDS_FILES = b"x-vsf-sends-files"
"""Header of a request by which Django learns that a file may be named; a client's own is removed."""

FILE_HEADER = b"x-vsf-file"
"""Header of an answer that names a file."""

AT_ONCE = 64
"""Downloads of a process at the same time; each holds an open file and a part in memory."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_OF_BODY = (b"content-length", b"accept-ranges", b"content-range", b"transfer-encoding")


@dataclass(frozen=True)
class NamedFile:
    """A file that is to be sent; `is_temporary` if it is removed as soon as it is open."""

    path: Path
    is_temporary: bool = False

    def header(self) -> str:
        """Return the value of the internal header."""
        return json.dumps([os.fspath(self.path), self.is_temporary])


def named_file(headers: Headers) -> NamedFile | None:
    """Return the file that an answer names."""
    for name, value in headers:
        if name == FILE_HEADER:
            path, is_temporary = json.loads(value)
            return NamedFile(Path(path), is_temporary)
    return None


class Downloads:
    """The downloads of a process."""

    def __init__(self) -> None:
        self._turns = AT_ONCE

    async def send(self, file: NamedFile, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or the range of it that was asked for.

        Args:
            file: the file that Django named.
            headers: of Django's answer; those about the body are replaced.
            scope: the request.
            receive: tells that the client has left.
            send: the server's.
        """
        is_head = scope["method"] == "HEAD"
        try:
            opened = await asyncio.to_thread(_open, file)
        except OSError:
            await send_answer(send, _GONE, is_head)
            return
        kept = [(name, value) for name, value in headers if name != FILE_HEADER and name not in _OF_BODY]
        try:
            if self._turns <= 0:
                await send_answer(send, _BUSY, is_head)
                return
            self._turns -= 1
            try:
                await _send_opened(opened, file, kept, scope, receive, send)
            finally:
                self._turns += 1
        finally:
            opened.close()


async def _send_opened(
    opened: BinaryIO, file: NamedFile, headers: Headers, scope: Scope, receive: Receive, send: Send
) -> None:
    about = os.fstat(opened.fileno())
    given = {name: value.decode("latin-1") for name, value in scope["headers"]}
    tag = next((value.decode("latin-1") for name, value in headers if name == b"etag"), "")
    if not tag and not file.is_temporary:
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
        headers = [*headers, (b"etag", tag.encode())]
    if tag and is_known(given.get(b"if-none-match", ""), tag):
        await send_answer(send, HttpAnswer(304, headers), is_head=False)
        return
    first, end, status = 0, about.st_size, 200
    if tag:
        headers = [*headers, (b"accept-ranges", b"bytes")]
        wanted = given.get(b"range", "") if given.get(b"if-range", tag) == tag else ""
        part = range_of(wanted, about.st_size)
        if part is not None and part[0] >= part[1]:
            whole = (b"content-range", b"bytes */%d" % about.st_size)
            await send_answer(send, problem(*_NO_RANGE, whole), scope["method"] == "HEAD")
            return
        if part is not None:
            (first, end), status = part, 206
            headers = [*headers, (b"content-range", b"bytes %d-%d/%d" % (first, end - 1, about.st_size))]
    headers = [*headers, (b"content-length", b"%d" % (end - first))]
    if scope["method"] == "HEAD":
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send_parts(status, headers, _parts(opened, first, end), receive, send)


def is_known(header: str, tag: str) -> bool:
    """Return whether a header If-None-Match names a tag; weak tags count, as RFC 9110 compares for it."""
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the end of one range; None for the whole file, an empty range where none fits."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.group(1, 2) == ("", ""):
        return None  # several ranges, another unit: RFC 9110 lets a server send the whole
    first, last = found.group(1, 2)
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1 if last else size, size)


def _open(file: NamedFile) -> BinaryIO:
    """Open a regular file; a temporary one has no name afterwards, so that it ends with its reader."""
    opened = os.fdopen(os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)
    try:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError("not a file")
        if file.is_temporary:
            with suppress(FileNotFoundError):
                file.path.unlink()
    except BaseException:
        opened.close()
        raise
    return opened


async def _parts(opened: BinaryIO, first: int, end: int) -> AsyncIterator[bytes]:
    """Read in a thread, since a file may lie on a slow disk; a file that became shorter ends the answer early."""
    number = opened.fileno()
    while first < end:
        part = await asyncio.to_thread(os.pread, number, min(PART, end - first), first)
        if not part:
            return
        first += len(part)
        yield part


_GONE = problem("not-found", 404, "There is nothing at this address", "the file was removed a moment ago; ask again")
_BUSY = problem("not-available", 503, "Many files are being sent", "try again in a minute", (b"retry-after", b"60"))
_NO_RANGE = ("wrong-range", 416, "The file has no such bytes", "leave out the range, and ask again")
