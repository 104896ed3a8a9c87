"""An object store on this machine that misbehaves as told: moto's server over real HTTP.

Here: the server, its log of requests, the faults, and the fixtures `object_server` and `bucket`.
Not here: what the platform makes of it (objects/).
"""

import copy
import os
import re
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest

KEY, SECRET = "test-key", "test-secret"


@dataclass(frozen=True)
class Request:
    """A request the server got: `path` is /bucket/key, `sent` the bytes of the answer's body."""

    method: str
    path: str
    query: str
    status: int
    sent: int


@dataclass
class Fault:
    """What the server does instead of answering.

    Attributes:
        kind: `error` answers with `status` and `code`, `reset` breaks the connection, `cut` breaks it
            in the middle of the answer, `stall` says nothing for `seconds`, `act` calls `action` first
            and then answers, `trickle` answers a byte at a time (`slow` its headers, too) with pauses of a
            twentieth of a second, `headless` ends the answer before its headers that tell of the object.
        method, path: regular expressions of the requests it concerns.
        every: it hits every n-th of them.
        times: it hits so many of them; None for ever.
    """

    kind: str
    method: str = ".*"
    path: str = ".*"
    every: int = 1
    times: int | None = None
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 30.0
    action: Callable[[], None] = lambda: None
    seen: int = 0
    hits: int = 0

    def concerns(self, method: str, path: str) -> bool:
        """Count a request and return whether it is hit."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen % self.every or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


@dataclass
class ObjectServer:
    """A running server; `faults` and `latency` (seconds per request) may be changed at any time."""

    app: Any
    endpoint: str = ""
    faults: list[Fault] = field(default_factory=list)
    log: list[Request] = field(default_factory=list)
    latency: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    calm: threading.Event = field(default_factory=threading.Event)

    def fail(self, kind: str, **details: Any) -> Fault:
        """Add a fault; see Fault for its attributes."""
        fault = Fault(kind, **details)
        self.faults.append(fault)
        return fault

    def settle(self) -> None:
        """Drop all faults, also stalls that last, and the log."""
        self.faults.clear()
        self.log.clear()
        self.latency = 0.0
        self.calm.set()
        self.calm = threading.Event()

    def inside(self, bucket: str) -> Any:
        """Return moto's own bucket, for what no request can do."""
        from moto.s3.models import s3_backends

        return next(b.buckets[bucket] for a in s3_backends.values() for b in a.values() if bucket in b.buckets)

    def set_modified(self, bucket: str, key: str, at: datetime) -> None:
        """Change an object's modified time."""
        self.inside(bucket).keys[key].last_modified = at.replace(tzinfo=None)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        time.sleep(self.latency)
        with self.lock:
            fault = next((f for f in self.faults if f.concerns(method, path)), None)
        answer: dict[str, Any] = {"status": "000 -", "headers": []}
        body = self._answer(fault, environ, answer)
        with self.lock:
            self.log.append(Request(method, path, query, int(answer["status"].split()[0]), len(body)))
        if fault is not None and fault.kind in ("trickle", "slow", "headless"):
            self._send_oddly(fault.kind, environ["werkzeug.socket"], answer["headers"], body)
            raise ConnectionResetError("as told")
        if fault is not None and fault.kind in ("reset", "cut"):
            if fault.kind == "cut":
                part = b"\r\n".join(f"{n}: {v}".encode() for n, v in answer["headers"]) + b"\r\n\r\n"
                environ["werkzeug.socket"].sendall(b"HTTP/1.0 200 OK\r\n" + part + body[: len(body) // 2])
                time.sleep(0.05)
            _break(environ["werkzeug.socket"])
            raise ConnectionResetError("as told")  # else the server would answer 500 after all
        start_response(answer["status"], answer["headers"])
        return [body]

    def _send_oddly(self, kind: str, to: socket.socket, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send an answer too slowly, or only its first line and the type, and close the connection."""
        answered = [(name, value) for name, value in headers if kind != "headless" or name == "Content-Type"]
        head = b"HTTP/1.0 200 OK\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in answered)
        calm = self.calm
        try:
            if kind == "headless":
                to.sendall(head)
            elif kind == "trickle":
                to.sendall(head + b"\r\n")
            for byte in b"" if kind == "headless" else body if kind == "trickle" else head + b"\r\n" + body:
                to.sendall(bytes([byte]))
                if calm.wait(0.05):
                    break
        except OSError:
            pass  # who asked has given up, which is what is tested
        to.shutdown(socket.SHUT_RDWR)

    def _answer(self, fault: Fault | None, environ: dict[str, Any], answer: dict[str, Any]) -> bytes:
        if fault is not None and fault.kind == "act":
            fault.action()
        if fault is not None and fault.kind == "stall":
            self.calm.wait(fault.seconds)
        if fault is not None and fault.kind in ("error", "reset", "stall"):
            if fault.kind == "error":
                _drain(environ)
            answer["status"] = f"{fault.status} Fault"
            return f"<?xml version='1.0'?><Error><Code>{fault.code}</Code></Error>".encode()
        if not self._copy_condition_holds(environ):
            answer["status"] = "412 Precondition Failed"
            return b"<?xml version='1.0'?><Error><Code>PreconditionFailed</Code></Error>"

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answer.update(status=status, headers=headers)

        return b"".join(self.app(environ, start))

    def _copy_condition_holds(self, environ: dict[str, Any]) -> bool:
        """Do what moto leaves out: copy an object only in the state the request names."""
        wanted = environ.get("HTTP_X_AMZ_COPY_SOURCE_IF_MATCH")
        if not wanted:
            return True
        bucket, _, key = unquote(environ["HTTP_X_AMZ_COPY_SOURCE"]).lstrip("/").partition("/")
        found = self.inside(bucket).keys.get(key)
        return found is None or bool(found.etag == wanted)


def _break(connection: socket.socket) -> None:
    """Reset a connection at once, also while the server's streams hold it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _drain(environ: dict[str, Any]) -> None:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of its own; the environment already names the server."""

    name: str
    server: ObjectServer
    client: Any

    def address(self, prefix: str) -> str:
        """Return `s3://bucket/prefix`."""
        return f"s3://{self.name}/{prefix}"

    def put(self, key: str, content: bytes | str) -> None:
        """Write an object as a stranger would."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        """Return an object's content."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def multiply(self, key: str, others: Iterable[str]) -> None:
        """Write the same object under many keys, faster than requests could."""
        keys = self.server.inside(self.name).keys
        for other in others:
            keys[other] = copy.copy(keys[key])
            keys[other].name = other

    def delete(self, key: str) -> None:
        """Remove an object as a stranger would."""
        self.client.delete_object(Bucket=self.name, Key=key)

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys under a prefix, without it."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())]


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    """A server that lives as long as the tests of this process."""
    import logging

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ObjectServer(DomainDispatcherApplication(create_backend_app))
    running = make_server("127.0.0.1", 0, server, threaded=True)
    running.daemon_threads = True
    running.handle_error = lambda *_: None  # connections that were broken on purpose
    running.block_on_close = False
    server.endpoint = f"http://127.0.0.1:{running.port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.settle()
    running.shutdown()
    running.server_close()


@pytest.fixture
def bucket(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket; endpoint and credentials stand in the environment, patience is short."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("VSF_STORE_TIMEOUT", "10")
    monkeypatch.setenv("VSF_STORE_ATTEMPTS", "3")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    object_server.settle()
    client = boto3.client("s3")
    name = f"test-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    object_server.log.clear()
    yield Bucket(name, object_server, client)
    object_server.settle()
