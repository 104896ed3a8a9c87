"""A receiver of webhooks on loopback: it keeps what it was sent, and answers as a test says.

Here: the server, and the check of a signature as a receiver would write it, without the portal's code. Not here:
assertions.
"""

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request: its first line, headers in lower case, and body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def is_signed_with(self, shown_secret: str) -> bool:
        """Whether the signature is right, by the words of docs/portal.md alone."""
        secret = base64.b64decode(shown_secret.removeprefix("whsec_"))
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        wanted = "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        return hmac.compare_digest(wanted, self.headers["webhook-signature"])


OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
Answer = Callable[[socketserver.StreamRequestHandler], None]


class _Request(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: Receiver = self.server  # type: ignore[assignment]
        line = self.rfile.readline().decode().strip()
        headers = {}
        while text := self.rfile.readline().decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        server.received.append(Received(line, headers, body))
        answer = server.answer
        if isinstance(answer, bytes):
            self.wfile.write(answer)
        else:
            answer(self)


class Receiver(socketserver.ThreadingTCPServer):
    """The server; `answer` is what it sends, or a function that sends it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.received: list[Received] = []
        self.answer: bytes | Answer = OK

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook?of=team"


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver, until the block ends."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
