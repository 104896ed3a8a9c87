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
from vsf_assets.portal.fast.downloads import SENDS_FILES
from vsf_assets.web.answers import HttpAnswer

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

    async def pages(scope: Any, body: bytes) -> HttpAnswer:
        seen.scopes.append(scope)
        seen.bodies.append(body)
        return HttpAnswer(299, [])

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


def test_a_browser_gets_a_page_about_a_body_that_is_too_large_when_it_has_sent_it() -> None:
    browser = [(b"host", b"data.example"), (b"accept", b"text/html,*/*"), (b"content-length", b"3000000")]
    seen = ask(chunks=[b"a" * 1_000_000] * 3, headers=browser, method="POST")
    assert (seen.status, seen.scopes, b"/deliveries/new/" in seen.body) == (413, [], True)


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
        assert [name for name, _ in scope["headers"]] == [b"host", SENDS_FILES]


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


def test_all_bodies_together_have_a_cap_and_give_their_room_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal import asgi

    monkeypatch.setattr(asgi, "BODIES_MAX", 3 * BODY_MAX)
    seen: list[int] = []

    async def pages(scope: Any, body: bytes) -> HttpAnswer:
        return HttpAnswer(299, [])

    async def run() -> None:
        dispatcher, open_up = Dispatcher(pages, DOORS), asyncio.Event()

        async def request(slow: bool) -> int:
            parts = [b"a" * BODY_MAX, b""]
            status = 0

            async def receive() -> Any:
                if len(parts) == 1 and slow:
                    await open_up.wait()
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

            async def send(message: Any) -> None:
                nonlocal status
                status = message.get("status", status)

            headers = [(b"host", b"data.example")]
            scope = {
                "type": "http",
                "method": "POST",
                "raw_path": b"/x",
                "path": "/x",
                "headers": headers,
                "client": None,
            }
            await dispatcher(scope, receive, send)
            return status

        waiting = [asyncio.create_task(request(slow=True)) for _ in range(3)]
        await asyncio.sleep(0)
        seen.append(await request(slow=False))
        open_up.set()
        seen.extend([*await asyncio.gather(*waiting), await request(slow=False)])

    asyncio.run(run())
    assert seen == [503, 299, 299, 299, 299]


@pytest.mark.parametrize("is_secure", [False, True])
def test_answers_of_this_layer_have_the_headers_of_protection_too(is_secure: bool) -> None:
    from vsf_assets.portal.answer_headers import with_headers

    starts: list[Any] = []

    async def pages(scope: Any, body: bytes) -> HttpAnswer:
        return HttpAnswer(200, [(b"content-security-policy", b"its own")])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            starts.append(dict(message["headers"]))

    application = with_headers(Dispatcher(pages, DOORS), is_secure)
    for path, host in ((b"/healthz", b"data.example"), (b"/x", b"evil.example"), (b"/x", b"data.example")):
        scope = {"type": "http", "method": "GET", "raw_path": path, "path": path.decode(), "headers": [(b"host", host)]}
        asyncio.run(application(scope, receive, send))
    assert [headers[b"content-security-policy"] for headers in starts] == [
        b"default-src 'none'; frame-ancestors 'none'",
        b"default-src 'none'; frame-ancestors 'none'",
        b"its own",
    ]
    assert all(headers[b"x-content-type-options"] == b"nosniff" for headers in starts)
    assert all((b"strict-transport-security" in headers) == is_secure for headers in starts)


def test_the_log_of_requests_holds_no_secret_no_question_and_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    from vsf_assets.portal.access_log import with_access_log

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})

    async def nothing(*_: Any) -> Any:
        return None

    paths = ("/join/very-secret/", "/account/password/reset/key/1-very-secret/", "/data/x\nforged line/")
    for path in paths:
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"mtn=5551000001",
            "client": ("192.0.2.9", 1),
        }
        asyncio.run(with_access_log(pages)(scope, nothing, nothing))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert [line.split()[1:5] for line in lines[:2]] == [
        ["192.0.2.9", "GET", "/join/…/", "299"],
        ["192.0.2.9", "GET", "/account/password/reset/key/…/", "299"],
    ]
    assert "very-secret" not in "".join(lines)
    assert "5551000001" not in "".join(lines)
    assert "<U+000A>" in lines[2]


def test_the_log_of_errors_holds_no_secret_of_a_path() -> None:
    import logging

    from vsf_assets.portal.shared.secret_paths import SecretPathFilter

    record = logging.LogRecord(
        "x", logging.ERROR, "f", 1, "Internal Server Error: %s", ("/join/very-secret/\nx",), None
    )
    assert SecretPathFilter().filter(record)
    assert record.getMessage() == "Internal Server Error: /join/…/<U+000A>x"
