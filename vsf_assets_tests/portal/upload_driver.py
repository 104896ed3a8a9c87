"""Drives the fast layer of uploads in this process: tickets, PUT, HEAD, restarts and kills.

Here: helpers. A kill is a real one: a forked child ends without any clean-up at a named point. Not here: assertions.
"""

import asyncio
import json
import os
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.portal.fast.tickets import Ticket, TicketOffice
from vsf_assets.portal.fast.upload_folder import UploadFolder
from vsf_assets.portal.fast.uploads import Uploads
from vsf_assets.portal.shared.random_ids import new_id

KILLED = 9
PATH = "clicks/1/clicks_1.csv"
DATASET = [(f"datasets/managed/{name}.csv", 3) for name in ("namespaces", "columns", "datapoints")]
"""Path and size of files that are delivered."""


@dataclass
class Answer:
    """What a sender got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The content."""
        return json.loads(self.body)


class FastLayer:
    """The fast layer on a landing zone."""

    on_end: Any = None
    why_not: Any = None

    def __init__(self, home: Path, landing: str = "") -> None:
        (home / "landing").mkdir(parents=True, exist_ok=True)
        values = {"VSF_HOME": str(home), **({"VSF_LANDING": landing} if landing else {})}
        self.settings: Settings = read_settings(values)
        self.folder = UploadFolder.of(self.settings)
        self.office = TicketOffice.of(self.settings)
        self.uploads = Uploads(self.settings)

    def restart(self) -> None:
        """Begin again, as a process does that knows nothing."""
        self.uploads = Uploads(self.settings, self.on_end, self.why_not)

    def ticket(self, path: str, size: int, **changes: Any) -> Ticket:
        """Return a ticket for a file."""
        values = {"sha256": "", "unpacked_max": 10**9, "expires": time.time() + 60, **changes}
        return Ticket(values.pop("id", new_id()), path, size, **values)

    def tickets(self, *files: tuple[str, int]) -> list[Ticket]:
        """Return tickets for files that get their names together."""
        ids = tuple(new_id() for _ in files)
        return [self.ticket(path, size, id=number, group=ids) for number, (path, size) in zip(ids, files, strict=True)]

    def put(self, ticket: Ticket, content: bytes | Iterable[bytes], **headers: str) -> Answer:
        """Send bytes, in pieces if they are given so; a piece of None breaks the line."""
        return asyncio.run(self.put_async(ticket, content, **headers))

    async def put_async(self, ticket: Ticket, content: bytes | Iterable[bytes | None], **headers: str) -> Answer:
        """Send bytes in a running event loop."""
        pieces = [content] if isinstance(content, bytes) else list(content)
        if isinstance(content, bytes):
            headers = {"content-length": str(len(content)), **headers}
        return await self.ask("PUT", ticket.id, self.office.sign(ticket), pieces, headers)

    def put_in_child(self, ticket: Ticket, content: bytes) -> None:
        """Send bytes in a child, which has none of its parent's threads."""
        self.restart()
        self.put(ticket, content)

    def head(self, ticket: Ticket) -> Answer:
        """Ask how many bytes have arrived."""
        return asyncio.run(self.ask("HEAD", ticket.id, self.office.sign(ticket), [], {}))

    async def ask(
        self, method: str, upload: uuid.UUID, token: str, pieces: list[bytes | None], headers: dict[str, str]
    ) -> Answer:
        """Send a request."""
        answer, left = Answer(), list(pieces)

        async def receive() -> Any:
            await asyncio.sleep(0)
            if not left:
                return {"type": "http.request", "body": b"", "more_body": False}
            piece = left.pop(0)
            if piece is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": bool(left)}

        async def send(message: Any) -> None:
            answer.status = message.get("status", answer.status)
            answer.headers.update({n.decode(): v.decode() for n, v in message.get("headers", ())})
            answer.body += message.get("body", b"")

        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "headers": [(b"x-vsf-upload-token", token.encode()), *given]}
        await self.uploads.answer(upload, scope, receive, send)
        return answer

    def landed(self) -> dict[str, bytes]:
        """Return path -> content of the files in the landing folder."""
        root = Path(self.settings.landing)
        found = (path for path in root.rglob("*") if path.is_file() and ".vsf-uploads" not in path.parts)
        return {str(path.relative_to(root)): path.read_bytes() for path in found}

    def parts(self) -> list[str]:
        """Return the names of parts and temporary files."""
        names = os.listdir(self.folder.root) if self.folder.root.exists() else []
        return sorted(name for name in names if not name.endswith((".json", ".lock")))


def killed_at(owner: Any, name: str, work: Callable[[], None], nth: int = 1, before: bool = False) -> None:
    """Do work in a child that is killed right after (or before) the n-th call of a function."""
    child = os.fork()
    if child == 0:
        original, calls = getattr(owner, name), 0

        def watched(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == nth and before:
                os._exit(KILLED)
            result = original(*arguments, **named)
            if calls == nth:
                os._exit(KILLED)
            return result

        setattr(owner, name, watched)
        try:
            work()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
