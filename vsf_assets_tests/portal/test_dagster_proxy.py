"""Dagster's UI behind the portal's log-in: who gets what, and that no foreign page commands it.

Here: the shipped file in Debian's nginx, before the portal and the web server of the service, and a rule for every
address of Dagster's. Not here: the guard inside the web server (unit/test_ui_guard.py), and the portal's own answer
without a proxy (test_dagster_access.py).
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest

from vsf_assets_tests.portal.dagster_proxy import ACCOUNTS, HOST, JOB, LOCATION, Proxy, nginx, proxy, site_for
from vsf_assets_tests.portal.test_browser import BROWSER
from vsf_assets_tests.portal.test_command import free_port

__all__ = ["proxy"]

FULL = ("engineer", "leaving", "admin")
READ_ONLY = ("seeing-analyst",)
OTHERS = tuple(name for name in ACCOUNTS if name not in (*FULL, *READ_ONLY))
EVIL = "https://evil.example"

READ, QUERY, REPORT = "read", "query", "report"
"""Rules of the proxy: GET for whoever may look; JSON by POST and own WebSockets; POST for engineers alone."""

RULES = {
    "/server_info": ("/server_info", READ),
    "/dagit_info": ("/dagit_info", READ),
    "/graphql": ("/graphql", QUERY),
    "/logs/{path:path}": ("/logs/a/b", READ),
    "/notebook": ("/notebook?path=/etc/passwd", READ),
    "/dagit/notebook": ("/dagit/notebook?path=/etc/passwd", READ),
    "/download_debug/{run_id:str}": ("/download_debug/0", READ),
    "/report_asset_materialization/{asset_key:path}": ("/report_asset_materialization/a", REPORT),
    "/report_asset_check/{asset_key:path}": ("/report_asset_check/a", REPORT),
    "/report_asset_observation/{asset_key:path}": ("/report_asset_observation/a", REPORT),
    "/{path:path}": ("/runs", READ),
    "/": ("/", READ),
}
"""Route of Dagster's web server -> an example, and the rule."""

PAUSE = "mutation($p: Boolean!) {setAutoMaterializePaused(paused: $p)}"
PAUSE_NOW = "mutation {setAutoMaterializePaused(paused: true)}"


def is_paused(proxy: Proxy) -> bool:
    answer = proxy.graphql("{instance {autoMaterializePaused}}", proxy.cookies["engineer"])
    return bool(answer.json["data"]["instance"]["autoMaterializePaused"])


@pytest.fixture
def running_automation(proxy: Proxy) -> None:
    """Begin with automation that is not paused, which the proxy lets an engineer see to."""
    assert proxy.graphql(PAUSE, proxy.cookies["engineer"], p=False).status == 200
    assert not is_paused(proxy)


def test_every_route_of_the_web_server_has_a_rule() -> None:
    from dagster_webserver.webserver import DagsterWebserver

    server: Any = DagsterWebserver(None)  # type: ignore[arg-type,type-var]
    static = {route.path for route in server.build_static_routes()}
    routes = {route.path for route in server.build_routes()}
    assert sorted(routes - static - RULES.keys()) == []
    assert sorted(RULES.keys() - routes) == []
    assert "/robots.txt" in static
    # What a browser loads from the package: below no other rule of the proxy.
    assert [path for path in static if path.startswith(("/graphql", "/report_asset_", "/_vsf_"))] == []


@pytest.mark.parametrize("route", RULES)
def test_who_passes(proxy: Proxy, route: str) -> None:
    address, rule = RULES[route]
    method = "GET" if rule == READ else "POST"
    headers = {"Content_Type": "application/json", "Origin": proxy.origin} if method == "POST" else {}
    body = json.dumps({"query": "{__typename}"}).encode() if rule == QUERY else b"{}" if rule == REPORT else None

    def status(cookie: str) -> int:
        return proxy.send(method, address, cookie, body, **headers).status

    assert status("") == 401
    assert status("vsf_session=abcdefgh") == 401
    assert {status(proxy.cookies[name]) for name in OTHERS} == {403}
    refused = {401, 403, 405}
    assert not {status(proxy.cookies[name]) for name in FULL} & refused
    readers = {status(proxy.cookies[name]) for name in READ_ONLY}
    assert readers == {403} if rule == REPORT else not readers & refused


def test_a_visitor_who_loads_a_page_gets_to_the_log_in_and_back(proxy: Proxy) -> None:
    answer = proxy.send("GET", "/runs?view=all", Accept="text/html")
    assert answer.status == 401
    assert b'content="0;url=https://data.example.org/account/login/?next=/dagster/"' in answer.body
    assert answer.headers["content-type"] == "text/html"


@pytest.mark.usefixtures("running_automation")
def test_engineers_start_things_and_analysts_look(proxy: Proxy) -> None:
    refused = proxy.graphql(PAUSE, proxy.cookies["seeing-analyst"], p=True)
    assert "Unauthorized" in refused.body.decode()
    assert not is_paused(proxy)
    shown = proxy.graphql("{instance {autoMaterializePaused}}", proxy.cookies["seeing-analyst"])
    assert shown.json == {"data": {"instance": {"autoMaterializePaused": False}}}
    may = "{permissions {permission value}}"
    found = {
        name: {p["value"] for p in proxy.graphql(may, proxy.cookies[name]).json["data"]["permissions"]}
        for name in ("engineer", "seeing-analyst")
    }
    assert True in found["engineer"]  # some ask for code locations, of which there are none here
    assert found["seeing-analyst"] == {False}
    assert proxy.graphql(PAUSE, proxy.cookies["engineer"], p=True).status == 200
    assert is_paused(proxy)


@pytest.mark.usefixtures("running_automation")
@pytest.mark.parametrize(
    ("what", "method", "path", "body", "headers", "statuses"),
    [
        ("a link", "GET", f"/graphql?query={quote(PAUSE_NOW)}", None, {}, {405}),
        ("an image", "GET", f"/graphql?query={quote(PAUSE_NOW)}", None, {"Sec_Fetch_Site": "cross-site"}, {405}),
        ("a slash more", "GET", f"//graphql?query={quote(PAUSE_NOW)}", None, {}, {405}),
        ("another spelling", "GET", f"/%67raphql?query={quote(PAUSE_NOW)}", None, {}, {405}),
        ("a HEAD", "HEAD", f"/graphql?query={quote(PAUSE_NOW)}", None, {}, {405}),
        (
            "a form",
            "POST",
            f"/graphql?query={quote(PAUSE_NOW)}",
            b"a=b",
            {"Content_Type": "application/x-www-form-urlencoded", "Origin": EVIL},
            {403},
        ),
        (
            "a form without an origin",
            "POST",
            f"/graphql?query={quote(PAUSE_NOW)}",
            b"a=b",
            {"Content_Type": "application/x-www-form-urlencoded"},
            {405},
        ),
        (
            "a form of a frame",
            "POST",
            f"/graphql?query={quote(PAUSE_NOW)}",
            b"a=b",
            {"Content_Type": "multipart/form-data; boundary=x", "Origin": "null"},
            {403},
        ),
        (
            "a fetch as text",
            "POST",
            "/graphql",
            json.dumps({"query": PAUSE_NOW}).encode(),
            {"Content_Type": "text/plain", "Origin": EVIL},
            {403},
        ),
        (
            "a fetch as text that names JSON",
            "POST",
            "/graphql",
            json.dumps({"query": PAUSE_NOW}).encode(),
            {"Content_Type": "text/plain; application/json"},
            {405},
        ),
        (
            "a fetch as GraphQL",
            "POST",
            "/graphql",
            PAUSE_NOW.encode(),
            {"Content_Type": "application/graphql"},
            {405},
        ),
        (
            "a fetch as JSON",
            "POST",
            "/graphql",
            json.dumps({"query": PAUSE_NOW}).encode(),
            {"Content_Type": "application/json", "Origin": EVIL},
            {403},
        ),
        (
            "a page of the portal",
            "POST",
            "/graphql",
            json.dumps({"query": PAUSE_NOW}).encode(),
            {"Content_Type": "application/json", "Origin": "http://data.example.org"},
            {403},
        ),
        ("a fetch that asks before", "OPTIONS", "/graphql", None, {"Origin": EVIL}, {403}),
        (
            "a report",
            "POST",
            "/report_asset_materialization/a",
            b"{}",
            {"Content_Type": "text/plain", "Origin": EVIL},
            {403},
        ),
        ("a report by a link", "GET", "/report_asset_materialization/a", None, {}, {405}),
        ("another method", "DELETE", "/runs", None, {}, {405}),
    ],
)
def test_a_foreign_page_starts_nothing(
    proxy: Proxy, what: str, method: str, path: str, body: bytes | None, headers: dict[str, str], statuses: set[int]
) -> None:
    answer = proxy.send(method, path, proxy.cookies["engineer"], body, **headers)
    assert answer.status in statuses, what
    assert b"data" not in answer.body
    assert not is_paused(proxy)


@pytest.mark.parametrize(
    ("origin", "account", "status"),
    [
        ("own", "engineer", 101),
        ("own", "seeing-analyst", 101),
        ("own", "analyst", 403),
        ("own", "", 401),
        (EVIL, "engineer", 403),
        ("null", "engineer", 403),
        (None, "engineer", 405),
    ],
)
def test_web_sockets_are_for_own_pages(proxy: Proxy, origin: str | None, account: str, status: int) -> None:
    found, connection = proxy.web_socket(proxy.cookies.get(account, ""), proxy.origin if origin == "own" else origin)
    connection.close()
    assert found == status


def frame(text: str) -> bytes:
    """Return a WebSocket's frame as a browser sends it."""
    data, mask = text.encode(), os.urandom(4)
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data)]) + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


LAUNCH = (
    "mutation {launchRun(executionParams: {runConfigData: {}, selector: {repositoryLocationName: "
    f'"{LOCATION}", repositoryName: "__repository__", jobName: "{JOB}"'
    "}}) {__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"
)


def runs(proxy: Proxy) -> set[str]:
    """Return the ids of all runs, as an engineer sees them."""
    answer = proxy.graphql("{runsOrError {... on Runs {results {runId}}}}", proxy.cookies["engineer"])
    return {run["runId"] for run in answer.json["data"]["runsOrError"]["results"]}


def launched(answer: dict[str, Any]) -> str:
    """Return the id of the run that was launched."""
    assert "data" in answer, answer
    found = answer["data"]["launchRun"]
    assert found["__typename"] == "LaunchRunSuccess", found
    return str(found["run"]["runId"])


def test_an_engineer_launches_a_run_and_whoever_looks_does_not(proxy: Proxy) -> None:
    before = runs(proxy)
    run = launched(proxy.graphql(LAUNCH, proxy.cookies["engineer"]).json)
    assert runs(proxy) - before == {run}
    refused = proxy.graphql(LAUNCH, proxy.cookies["seeing-analyst"])
    assert "UnauthorizedError" in refused.body.decode()
    assert runs(proxy) - before == {run}


FOREIGN = """<!doctype html><title>foreign</title><iframe name="f"></iframe><script>
const at = %s, launch = %s, asked = JSON.stringify({query: launch}), done = [];
const wait = (kind, work) => done.push(work.catch(() => 0).then(() => kind));
const seen = (element) => new Promise((end) => { element.onload = element.onerror = end; });
const image = new Image(), link = at + "/graphql?query=" + encodeURIComponent(launch);
wait("an image", seen(image)); image.src = link;
const post = (kind, type, body) => {
  const form = document.createElement("form"), field = document.createElement("input");
  Object.assign(form, {method: "post", action: at + "/graphql", enctype: type, target: "f"});
  Object.assign(field, {name: kind, value: body}); form.append(field); document.body.append(form);
  wait("a form", seen(document.querySelector("iframe"))); form.submit();
};
post("query", "application/x-www-form-urlencoded", launch);
setTimeout(() => post('{"query": ' + JSON.stringify(launch) + ', "x": "', "text/plain", '"}'), 300);
for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"]) {
  const options = {method: "POST", credentials: "include", headers: {"Content-Type": type}, body: asked};
  wait("fetch", fetch(at + "/graphql", options));
  wait("fetch without an answer", fetch(at + "/graphql", {...options, mode: "no-cors"}));
}
wait("GET by fetch", fetch(link, {credentials: "include", mode: "no-cors"}));
wait("WebSocket", new Promise((end) => {
  const socket = new WebSocket(at.replace("http", "ws") + "/graphql", "graphql-ws");
  socket.onopen = () => {
    socket.send('{"type": "connection_init"}');
    socket.send(JSON.stringify({type: "start", id: "1", payload: {query: launch}}));
  };
  socket.onmessage = (message) => { if (JSON.parse(message.data).id) end(); };
  socket.onerror = socket.onclose = end;
}));
setTimeout(() => Promise.all(done).then(() => { document.title = "over"; }), 700);
</script>"""
"""A page that tries to launch a run in each way that a browser has, with the cookies of whoever opens it."""


@contextmanager
def foreign_page(proxy: Proxy) -> Iterator[int]:
    """Serve the page on a port of its own, and give the port."""
    content = (FOREIGN % (json.dumps(proxy.origin), json.dumps(LAUNCH))).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def opened(proxy: Proxy) -> Iterator[Any]:
    """Return a browser in which an engineer is signed in; the names of all hosts lead to this machine."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("chromium is not installed")
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        context = browser.new_context()
        name, _, value = proxy.cookies["engineer"].partition("=")
        context.add_cookies([{"name": name, "value": value, "domain": HOST, "path": "/", "sameSite": "Lax"}])
        yield context
        browser.close()


@pytest.mark.parametrize("host", ["evil.example", HOST])
def test_a_page_of_another_origin_launches_no_run(proxy: Proxy, opened: Any, host: str) -> None:
    """Also of another port of the same host, to which the browser sends the cookie."""
    before, page, statuses = runs(proxy), opened.new_page(), []
    page.on("response", lambda found: statuses.append(found.status) if "/graphql" in found.url else None)
    with foreign_page(proxy) as port:
        page.goto(f"http://{host}:{port}/")
        page.wait_for_function("document.title === 'over'", timeout=20_000)
    page.close()
    assert len(statuses) >= 5, "the page tried nothing"
    assert set(statuses) <= ({403, 405} if host == HOST else {401, 403, 405})
    assert runs(proxy) == before


def test_a_page_of_the_own_origin_launches_a_run(proxy: Proxy, opened: Any) -> None:
    """By fetch: a WebSocket of Dagster's takes subscriptions alone."""
    before, page = runs(proxy), opened.new_page()
    page.goto(f"{proxy.origin}/server_info")
    by_fetch = page.evaluate(
        """async (query) => (await fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"},
        body: JSON.stringify({query})})).json()""",
        LAUNCH,
    )
    page.close()
    assert runs(proxy) - before == {launched(by_fetch)}


def test_a_session_that_ends_stops_at_once_and_its_web_socket_soon(proxy: Proxy) -> None:
    cookie = proxy.cookies["leaving"]
    status, connection = proxy.web_socket(cookie, proxy.origin)
    assert status == 101
    connection.settimeout(15)
    connection.sendall(frame('{"type": "connection_init"}'))
    assert b"connection_ack" in connection.recv(1000)
    time.sleep(2.5)  # longer than between two questions: an open session stays
    connection.sendall(frame('{"type": "connection_init"}'))
    assert b"connection_ack" in connection.recv(1000)
    assert proxy.send("GET", "/server_info", cookie).status == 200
    proxy.sign_out(cookie)
    assert proxy.send("GET", "/server_info", cookie).status == 401
    began = time.monotonic()
    assert connection.recv(1000)[:1] == b"\x88"  # the frame that closes
    assert time.monotonic() - began < 6
    connection.close()


def test_without_the_portal_nobody_passes(proxy: Proxy) -> None:
    port, nobodys = free_port(), free_port()
    with nginx(site_for(port, nobodys, proxy.full, proxy.read_only), port):
        alone = Proxy(port, nobodys, proxy.full, proxy.read_only, proxy.cookies)
        assert alone.send("GET", "/server_info", proxy.cookies["engineer"]).status == 500
        assert alone.graphql(PAUSE, proxy.cookies["engineer"], p=True).status == 500
    assert not is_paused(proxy) or proxy.graphql(PAUSE, proxy.cookies["engineer"], p=False).status == 200
