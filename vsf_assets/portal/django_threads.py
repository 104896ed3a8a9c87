"""Runs Django in threads, as WSGI: a whole request goes in, a whole answer comes out.

Here: the threads, the environment of a request, and the answer. Not here: what comes before and after, such as reading
a body, sending the answer to a slow client, and files (asgi.py, fast/).

A thread works for a request from its first line to its answer and waits for no client: bodies are read before, and
answers are sent after it is free. A general bridge of ASGI and WSGI hands each part of a body over between thread and
loop; with busy threads, every hand-over waits for the interpreter's lock.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from vsf_assets.portal.shared.client_left import ClientLeft
from vsf_assets.web.answers import HttpAnswer, Scope

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]


class DjangoThreads:
    """A WSGI application in threads of its own."""

    def __init__(self, application: WsgiApplication, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="django")

    async def answer(self, scope: Scope, body: bytes) -> HttpAnswer:
        """Return the answer to a request; it has its body in memory, so files are named and not sent this way."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, environ(scope, body))

    def _answer(self, values: Environ) -> HttpAnswer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: object = None) -> None:  # noqa: ARG001
            started[:] = [(status, headers)]

        parts = self._application(values, start_response)
        try:
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        ((status, headers),) = started
        return HttpAnswer(
            int(status[:3]), [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers], content
        )


def environ(scope: Scope, body: bytes) -> Environ:
    """Return the environment of a request, as PEP 3333 describes it."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    found: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        ClientLeft.KEY: scope.get(ClientLeft.KEY),
    }
    for raw_name, value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name == "CONTENT_TYPE":
            found[name] = value.decode("latin-1")
        elif name != "CONTENT_LENGTH":
            key, text = f"HTTP_{name}", value.decode("latin-1")
            separator = "; " if name == "COOKIE" else ","
            found[key] = f"{found[key]}{separator}{text}" if key in found else text
    return found
