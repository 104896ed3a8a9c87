"""The guard before the UI: what other web pages may not do, and what the UI itself still can.

Not here: the guard in front of the real UI (cli/test_serve.py).
"""

import asyncio
from typing import Any

import pytest

from vsf_assets.service.guard import guarded, refusal

OWN = {"host": "127.0.0.1:3000"}
PAGE = {**OWN, "origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
LINK = {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def scope(
    headers: dict[str, str], method: str = "GET", path: str = "/runs", query: str = "", kind: str = "http"
) -> Any:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": pairs}


@pytest.mark.parametrize(
    "request_of_the_ui",
    [
        scope(OWN),
        scope({"host": "localhost:3000"}),
        scope({"host": "[::1]:3000"}),
        scope({"host": "data.example.org"}),
        scope(PAGE, "POST", "/graphql"),
        scope(PAGE, path="/graphql", kind="websocket"),
        scope(PAGE, "POST", "/report_asset_materialization/raw/clicks"),
        scope({**OWN, "origin": "https://data.example.org"}, "POST", "/graphql"),  # a proxy replaced the host
        scope({"host": "data.example.org", "origin": "https://data.example.org"}, path="/graphql", kind="websocket"),
        scope({**OWN, "sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
        scope(LINK),
        scope(OWN, path="/graphql", query="query={version}"),
        scope(OWN, "POST", "/graphql"),  # a script of this machine
    ],
)
def test_what_the_ui_needs_passes(request_of_the_ui: Any) -> None:
    assert refusal(request_of_the_ui, {"data.example.org"}) is None


@pytest.mark.parametrize(
    "foreign",
    [
        scope({"host": "evil.example"}),
        scope({"host": "127.0.0.1.evil.example:3000"}),
        scope({"host": "localhost@evil.example"}),
        scope({"host": ""}),
        scope({}),
        scope({**OWN, "origin": "https://evil.example"}, "POST", "/graphql"),
        scope({**OWN, "origin": "https://evil.example"}),
        scope({**OWN, "origin": "null"}, "POST", "/graphql"),
        scope({**OWN, "origin": "http://127.0.0.1:8080"}, "POST", "/graphql"),  # another program's page
        scope({**OWN, "origin": "http://127.0.0.1:3000.evil.example"}, "POST", "/graphql"),
        scope({**OWN, "origin": "https://evil.example"}, "POST", "/report_asset_materialization/raw/clicks"),
        scope({**OWN, "origin": "https://evil.example"}, path="/graphql", kind="websocket"),
        scope({**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, path="/graphql"),
        scope({**LINK, "sec-fetch-dest": "iframe"}),
        scope({**LINK, "sec-fetch-site": "same-site"}, "POST", "/graphql"),
        scope(OWN, path="/graphql", query="query=mutation{terminateRun}"),
        scope(OWN, path="/dagster/graphql/", query="query={version}&query=%6Dutation%20X{stop}"),
        scope(LINK, path="/graphql", query="query=query+A{version}+mutation+B{stop}&operationName=B"),
    ],
)
def test_what_other_pages_send_is_refused(foreign: Any) -> None:
    assert refusal(foreign, {"data.example.org"})


def test_two_host_headers_are_refused() -> None:
    both = scope(OWN)
    both["headers"].append((b"Host", b"evil.example"))
    assert refusal(both, ())


@pytest.mark.parametrize(("kind", "answer"), [("http", "http.response.start"), ("websocket", "websocket.close")])
def test_a_refused_request_does_not_reach_the_ui(kind: str, answer: str) -> None:
    sent: list[Any] = []
    reached: list[Any] = []

    async def ui(*given: Any) -> None:
        reached.append(given)

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guarded(ui, ())(scope({"host": "evil.example"}, kind=kind), receive, send))
    asyncio.run(guarded(ui, ())(scope(OWN, kind=kind), receive, send))
    assert sent[0]["type"] == answer
    assert sent[0].get("status", 403) == 403
    assert len(reached) == 1
