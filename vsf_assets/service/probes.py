"""Asks the parts of the service whether they answer, with deadlines that always hold.

Here: the standard gRPC health check over a Unix socket, and pages of the web server. Both are written on sockets with
time-outs: calls of a gRPC library once hung although they had a deadline, and the supervisor must not. Not here: what
follows from an answer (supervisor.py).
"""

import http.client
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS = 5.0
"""How long to wait for an answer."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 0x1, 0x4
_SERVICE = b"DagsterApi"
_SERVING = b"\x08\x01"
"""`HealthCheckResponse(status=SERVING)`."""


def code_server_answers(path: Path) -> bool:
    """Whether the gRPC server on a Unix socket says that it serves; it needs a free worker thread for it."""
    request = b"\x0a" + bytes([len(_SERVICE)]) + _SERVICE  # HealthCheckRequest(service=...)
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    headers = b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields.items())
    message = b"\x00" + struct.pack(">I", len(request)) + request
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(path))
            connection.sendall(
                _PREFACE
                + _frame(_SETTINGS, 0, 0, b"")
                + _frame(_HEADERS, _END_HEADERS, 1, headers)
                + _frame(_DATA, _END_STREAM, 1, message)
            )
            return any(kind == _DATA and body[5:] == _SERVING for kind, body in _frames(connection))
    except OSError:
        return False


def _text(text: str) -> bytes:
    """Return a text in the encoding of HTTP/2 headers, uncompressed."""
    return bytes([len(text)]) + text.encode("ascii")


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def _frames(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of the frames of an answer; at most 20, which is more than an answer has."""
    with connection.makefile("rb") as stream:
        for _ in range(20):
            head = stream.read(9)
            if len(head) < 9:
                return
            yield head[3], stream.read(int.from_bytes(head[:3], "big"))


def page(host: str, port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of a page of the web server.

    Raises:
        OSError: the server does not answer in time.
    """
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def health(host: str, port: int, prefix: str) -> dict[str, Any]:
    """Return what `/healthz` says about the service itself.

    Raises:
        OSError: the web server does not answer, or with something else.
    """
    _, body = page(host, port, f"{prefix}/healthz?brief")
    try:
        return dict(json.loads(body))
    except (ValueError, TypeError):
        raise OSError("the answer of /healthz is no JSON") from None
