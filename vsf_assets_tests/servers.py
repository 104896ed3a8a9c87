"""A plain HTTP server of a catalog on loopback, with a log of requests and faults on demand.

Here: what tests and benchmarks serve. Not here: an S3 server, and any expectation.
"""

import email.utils
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

Fault = Callable[[int, str, str], str]
"""(number of the request from 1, method, object) -> "", a status like "500", "429 2" (Retry-After: 2), "stall",
"trickle", "slow" (its headers never end), "cut" (fewer bytes than announced), or "reset"."""


def no_fault(number: int, method: str, name: str) -> str:
    """Answer as it should be."""
    return ""


@dataclass
class Served:
    """What is served, how, and what was asked.

    Attributes:
        objects: name -> content.
        changed: name -> modified time, seconds since 1970.
        validators: what tells states apart: etag, modified or none.
        answers_head: whether HEAD is answered; 405 otherwise.
        fault: what goes wrong.
        latency: seconds before each answer.
        log: (method, name, status, bytes of the body) of every request, in the order of their answers.
        address: where it is served.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)
    validators: str = "etag"
    answers_head: bool = True
    fault: Fault = no_fault
    latency: float = 0.0
    log: list[tuple[str, str, int, int]] = field(default_factory=list)
    address: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1 << 30)))
    ends: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, content: bytes) -> None:
        """Serve an object, a new one or with other content."""
        self.objects[name] = content
        self.changed[name] = self.changed.get(name, 1_750_000_000.0) + 10

    def put_list(self, *names: str) -> None:
        """Serve the list."""
        self.put("files_list.data", "".join(f"{name}\n" for name in names).encode())

    def put_folder(self, folder: Path) -> None:
        """Serve what is in a folder."""
        for path in sorted(folder.iterdir()):
            self.put(path.name, path.read_bytes())

    def transfers(self) -> list[str]:
        """Return the names of the objects that were transferred since the last question, sorted."""
        with self.lock:
            names = sorted(name for method, name, status, _ in self.log if method == "GET" and status == 200)
            self.log.clear()
        return names


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Served

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        self._answer("GET")

    def _answer(self, method: str) -> None:
        served, name = self.served, unquote(self.path).removeprefix("/base/")
        with served.lock:
            fault = served.fault(next(served.numbers), method, name)
        time.sleep(served.latency)
        content = served.objects.get(name)
        if fault == "stall":
            served.ends.wait(60)
            self.close_connection = True
        elif fault == "slow":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Odd: ")
            while not served.ends.wait(0.05):
                self.wfile.write(b"x")
            self.close_connection = True
        elif fault == "reset":
            # No lingering: the other side sees a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault and fault[0].isdigit():
            status, _, after = fault.partition(" ")
            self._send(method, name, int(status), b"no", {"Retry-After": after} if after else {})
        elif method == "HEAD" and not served.answers_head:
            self._send(method, name, 405, b"", {})
        elif content is None:
            self._send(method, name, 404, b"no such object", {})
        else:
            self._send(method, name, 200, content, self._validators(name, content), fault)

    def _validators(self, name: str, content: bytes) -> dict[str, str]:
        if self.served.validators == "etag":
            return {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}
        if self.served.validators == "modified":
            return {"Last-Modified": email.utils.formatdate(self.served.changed[name], usegmt=True)}
        return {}

    def _send(
        self, method: str, name: str, status: int, content: bytes, headers: dict[str, str], how: str = ""
    ) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        body = b"" if method == "HEAD" else content[: len(content) // 2] if how == "cut" else content
        with self.served.lock:
            self.served.log.append((method, name, status, len(body)))
        if how == "trickle":
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.served.ends.wait(0.05):
                    break
        else:
            self.wfile.write(body)
        self.close_connection = how == "cut" or self.close_connection

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that give up are what tests are about."""


@contextmanager
def http_server(served: Served | None = None) -> Iterator[Served]:
    """Serve over HTTP below `/base` on a free port until the block ends."""
    served = served or Served()
    handler = type("Handler", (_Handler,), {"served": served})
    server = _Server(("127.0.0.1", 0), handler)
    served.address = f"http://127.0.0.1:{server.server_address[1]}/base"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield served
    finally:
        served.ends.set()
        server.shutdown()
        server.server_close()
