"""Static files: style sheets, scripts and pictures of the portal and its libraries, sent from memory.

Here: finding them once per process, their addresses, compression, and answers. Not here: which files a page uses (the
templates).

An address holds a digest of all files, `/static/<digest>/portal/portal.css`, so that browsers keep a file for a year
and ask anew after an upgrade. The same address without the digest answers too, and is asked for again each time.
"""

import asyncio
import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

from vsf_assets.portal.fast.downloads import is_known
from vsf_assets.portal.fast.parts import PART, parts_of, send_parts
from vsf_assets.web.answers import NO_SNIFFING, HttpAnswer, Receive, Scope, Send, problem, send_answer

PREFIX = b"/static/"

_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_ASK_AGAIN = (b"cache-control", b"public, no-cache")
_OF_OWN_PAGES = (b"cross-origin-resource-policy", b"same-origin")
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class _Content:
    """A file in memory; `zipped` is empty where compression does not pay."""

    plain: bytes
    zipped: bytes
    type: bytes
    tag: str


def digest_of(files: Mapping[str, Path]) -> str:
    """Return a digest of names and contents of all files."""
    found = hashlib.sha256()
    for name in sorted(files):
        found.update(name.encode() + b"\0" + hashlib.sha256(files[name].read_bytes()).digest())
    return found.hexdigest()[:12]


class StaticFiles:
    """The static files of a process."""

    def __init__(self, files: Mapping[str, Path], digest: str = "") -> None:
        """Take the files, by their names below `/static/`, and the digest of all of them in their addresses."""
        self._files, self._digest = files, f"{digest}/" if digest else ""
        self._read = lru_cache(maxsize=None)(_read)  # the files do not change, and are few

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a static file."""
        is_head = scope["method"] == "HEAD"
        if scope["method"] not in ("GET", "HEAD"):
            await send_answer(send, _ONLY_READ, is_head)
            return
        name = unquote_to_bytes(scope["raw_path"][len(PREFIX) :]).decode("utf-8", "replace")
        caching = _FOREVER if self._digest and name.startswith(self._digest) else _ASK_AGAIN
        file = self._files.get(name.removeprefix(self._digest))
        if file is None:
            await send_answer(send, _NOTHING, is_head)
            return
        content = await asyncio.to_thread(self._read, file)
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        headers = [caching, NO_SNIFFING, _OF_OWN_PAGES, (b"vary", b"Accept-Encoding")]
        body, tag = content.plain, content.tag
        if content.zipped and "gzip" in given.get(b"accept-encoding", ""):
            body, tag = content.zipped, f'{tag[:-1]}-gzip"'
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"etag", tag.encode()), (b"content-type", content.type)]
        if is_known(given.get(b"if-none-match", ""), tag):
            await send_answer(send, HttpAnswer(304, headers), is_head=False)
        elif is_head or len(body) <= PART:
            await send_answer(send, HttpAnswer(200, headers, body), is_head)
        else:
            headers.append((b"content-length", b"%d" % len(body)))
            await send_parts(200, headers, parts_of(body), receive, send)


def _read(file: Path) -> _Content:
    plain = file.read_bytes()
    kind = mimetypes.MimeTypes().guess_type(file.name)[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    zipped = gzip.compress(plain, 9, mtime=0) if kind.startswith(_COMPRESSED) else b""
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return _Content(plain, zipped if len(zipped) < 0.9 * len(plain) else b"", kind.encode(), tag)


_NOTHING = problem("not-found", 404, "There is nothing at this address", "there is no such file")
_ONLY_READ = problem("wrong-method", 405, "Files are only read", "ask by GET", (b"allow", b"GET, HEAD"))
