"""Django in threads: what a request's environment holds, and that an answer comes out whole.

Here: small WSGI applications. Not here: Django, and the layer before it (test_dispatcher.py).
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from vsf_assets.portal.django_threads import DjangoThreads, environ
from vsf_assets.web.answers import HttpAnswer

SCOPE = {
    "method": "POST",
    "raw_path": b"/a%20b/%C3%A4/%ff",
    "query_string": b"x=%C3%A4",
    "headers": [
        (b"host", b"data.example"),
        (b"content-type", b"text/plain"),
        (b"content-length", b"99"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"accept", b"text/html"),
        (b"accept", b"text/plain"),
    ],
    "client": ("198.51.100.7", 1234),
    "server": ("127.0.0.1", 8000),
    "scheme": "https",
}


def ask(application: Any) -> HttpAnswer:
    return asyncio.run(DjangoThreads(application, 1).answer(SCOPE, b"content"))


def test_the_environment_is_that_of_pep_3333() -> None:
    found = environ(SCOPE, b"content")
    assert found["PATH_INFO"].encode("latin-1") == "/a b/ä/".encode() + b"\xff"
    assert (found["QUERY_STRING"], found["REQUEST_METHOD"], found["wsgi.url_scheme"]) == ("x=%C3%A4", "POST", "https")
    assert (found["CONTENT_LENGTH"], found["CONTENT_TYPE"], found["wsgi.input"].read()) == (
        "7",
        "text/plain",
        b"content",
    )
    assert (found["HTTP_COOKIE"], found["HTTP_ACCEPT"]) == ("a=1; b=2", "text/html,text/plain")
    assert (found["REMOTE_ADDR"], found["SERVER_NAME"], found["SERVER_PORT"]) == ("198.51.100.7", "127.0.0.1", "8000")
    assert "HTTP_CONTENT_LENGTH" not in found


class Parts:
    """An answer in parts, which is closed at its end."""

    is_closed = False

    def __iter__(self) -> Any:
        yield b"one "
        yield b"two"

    def close(self) -> None:
        self.is_closed = True


def test_the_parts_of_an_answer_are_joined_and_closed() -> None:
    parts = Parts()

    def application(_: Any, start: Any) -> Iterable[bytes]:
        start("201 Created", [("X-Name", "value"), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        return parts

    answer = ask(application)
    assert (answer.status, answer.body, parts.is_closed) == (201, b"one two", True)
    assert list(answer.headers) == [(b"x-name", b"value"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]


def test_a_defect_of_the_application_is_not_swallowed() -> None:
    def application(*_: Any) -> Iterable[bytes]:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        ask(application)
