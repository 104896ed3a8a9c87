"""The layer before Django: hosts, proxies, sizes of bodies, `/healthz`, and paths in odd spellings.

Here: the raw ASGI application with a stand-in for the pages. Not here: a real server (test_command.py).
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from vsf_assets.portal.asgi import BODY_MAX, Dispatcher, Doors

DOORS = Doors(frozenset({"data.example", "::1"}), frozenset({"192.0.2.1"}))


@dataclass
class Seen:
    """What the pages were wanted, and what the client got."""

    scopes: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    status: int = 0
    body: bytes = b""


def ask(
    path: bytes = b"/x",
    headers: Iterable[tuple[bytes, bytes]] = ((b"host", b"data.example"),),
    chunks: Iterable[bytes] = (b"",),
    method: str = "GET",
    client: str = "198.51.100.7",
    query: bytes = b"",
) -> Seen:
    seen, parts = Seen(), list(chunks)

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        seen.scopes.append(scope)
        seen.bodies.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 299, "headers": []})

    async def receive() -> Any:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        seen.status = message.get("status", seen.status)
        seen.body += message.get("body", b"")

    scope = {
        "type": "http",
        "method": method,
        "raw_path": path,
        "path": path.decode(),
        "query_string": query,
        "headers": list(headers),
        "client": (client, 1234),
        "scheme": "http",
    }
    asyncio.run(Dispatcher(pages, DOORS)(scope, receive, send))
    return seen


@pytest.mark.parametrize("host", [b"data.example", b"DATA.example:8000", b"[::1]:8000"])
def test_known_hosts_reach_the_pages(host: bytes) -> None:
    assert ask(headers=[(b"host", host)]).status == 299


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", b"evil.example")],
        [(b"host", b"")],
        [],
        [(b"host", b"data.example"), (b"host", b"data.example")],
        [(b"host", b"data.example.evil.example")],
        [(b"host", b"data.example@evil.example")],
    ],
)
def test_other_hosts_are_refused_before_the_pages(headers: list[tuple[bytes, bytes]]) -> None:
    seen = ask(headers=headers)
    assert (seen.status, seen.scopes) == (421, [])
    assert ask(b"/healthz", headers).status == 421


def test_health_is_answered_here_for_its_exact_path_alone() -> None:
    seen = ask(b"/healthz")
    assert (seen.status, json.loads(seen.body), seen.scopes) == (200, {"status": "ok"}, [])
    for odd in (b"/healthz/", b"//healthz", b"/%68ealthz", b"/HEALTHZ"):
        assert ask(odd).status == 299


def test_a_body_of_the_largest_size_passes_and_a_larger_one_does_not() -> None:
    host = (b"host", b"data.example")
    seen = ask(chunks=[b"a" * BODY_MAX], headers=[host, (b"content-length", b"%d" % BODY_MAX)], method="POST")
    assert seen.bodies == [b"a" * BODY_MAX]
    announced = ask(headers=[host, (b"content-length", b"%d" % (BODY_MAX + 1))], method="POST")
    assert (announced.status, announced.scopes) == (413, [])
    chunked = ask(chunks=[b"a" * (BODY_MAX // 2)] * 3, headers=[host], method="POST")
    assert (chunked.status, chunked.scopes) == (413, [])
    for odd in (b"-1", b"1e9", b"9" * 5000, b" 1"):
        assert ask(headers=[host, (b"content-length", odd)], method="POST").status == 413


def test_parts_of_a_body_arrive_as_one() -> None:
    assert ask(chunks=[b"a", b"", b"bc"], method="POST").bodies == [b"abc"]


def test_a_client_that_leaves_reaches_no_page() -> None:
    seen = ask(chunks=[])
    assert (seen.status, seen.scopes) == (0, [])


def test_forwarded_headers_hold_from_known_proxies_alone() -> None:
    given = [
        (b"host", b"data.example"),
        (b"x-forwarded-for", b"203.0.113.9, 203.0.113.5"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"evil.example"),
    ]
    (by_proxy,) = ask(headers=given, client="192.0.2.1").scopes
    (by_other,) = ask(headers=given).scopes
    assert (by_proxy["client"][0], by_proxy["scheme"]) == ("203.0.113.5", "https")
    assert (by_other["client"][0], by_other["scheme"]) == ("198.51.100.7", "http")
    for scope in (by_proxy, by_other):
        assert [name for name, _ in scope["headers"]] == [b"host"]


def test_known_proxies_in_a_row_are_passed_over() -> None:
    for hops, client in (
        (b"203.0.113.9, 203.0.113.5, 192.0.2.1", "203.0.113.5"),
        (b"192.0.2.1, 203.0.113.5,192.0.2.1,192.0.2.1", "203.0.113.5"),
        (b"192.0.2.1", "192.0.2.1"),
    ):
        given = [(b"host", b"data.example"), (b"x-forwarded-for", hops)]
        (scope,) = ask(headers=given, client="192.0.2.1").scopes
        assert scope["client"][0] == client


def test_a_query_with_raw_bytes_is_refused() -> None:
    refused = ask(query=b"a=\xff")
    assert (refused.status, refused.scopes) == (400, [])
    assert ask(query=b"a=%C3%A4").status == 299
