"""Heavy questions and slow clients against a real server: the portal goes on, says no, and offers the export.

Here: a server on a large table of made-up rows. Not here: turns and limits by themselves (test_pool.py), and how fast
pages are (`make portal-load`).
"""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pytest

from benchmarks.portal_load.served import MAKE_SESSIONS
from vsf_assets_tests.portal import test_command
from vsf_assets_tests.portal.test_command import Running, environment, running
from vsf_assets_tests.portal.world import World

pytestmark = pytest.mark.slow

ROWS = 1_000_000
TABLE = "/data/marts/dim_devices/"
HEAVY, ACCOUNTS, LEAVING, SECONDS = 20, 10, 16, 2.0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A snapshot with one table whose texts take long to search."""
    root = tmp_path_factory.mktemp("large")
    folder = root / "snapshots"
    folder.mkdir()
    with duckdb.connect(str(folder / "vsf-1.duckdb")) as connection:
        connection.execute("create schema marts")
        texts = ", ".join(f"md5((range * {n})::varchar) || 'padding of a text' as text_{n}" for n in range(1, 7))
        connection.execute(f"create table marts.dim_devices as select range as number, {texts} from range({ROWS})")
    (folder / "current.duckdb").symlink_to("vsf-1.duckdb")
    return World(root)


@pytest.fixture(scope="module")
def portal_and_cookies(large: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, list[str]]]:
    home = tmp_path_factory.mktemp("heavy") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_command, "environment", with_limits)
        with running(home, large) as found:
            made = subprocess.run(
                [sys.executable, "-c", MAKE_SESSIONS, str(ACCOUNTS), json.dumps(["engineer", "analyst"])],
                env=with_limits(home, large), check=True, capture_output=True, text=True,
            )  # fmt: skip
            yield found, [f"vsf_session={session}" for _, session in json.loads(made.stdout)]


def with_limits(home: Path, world: World) -> dict[str, str]:
    return {**environment(home, world), "VSF_PORTAL_QUERY_SECONDS": f"{SECONDS:g}"}


def ask(portal: Running, address: str, cookie: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection(portal.address.removeprefix("http://"), timeout=60)
    connection.request("GET", address, headers={"Cookie": cookie})
    answer = connection.getresponse()
    status, body = answer.status, answer.read().decode()
    connection.close()
    return status, body


def memory(portal: Running) -> float:
    """Return the resident memory of the workers in MB."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in portal.workers()]
    return sum(int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) for text in texts) / 1024


def test_twenty_heavy_filters_at_once_do_not_end_the_portal(
    portal_and_cookies: tuple[Running, list[str]],
) -> None:
    portal, cookies = portal_and_cookies
    cookie = cookies[0]
    assert ask(portal, TABLE, cookie)[0] == 200
    before, workers = memory(portal), portal.workers()
    answers: list[tuple[int, str]] = []

    def heavy(number: int) -> None:
        words = {f"text_{place}__contains": f"{number}zz" for place in range(1, 7)}
        query = urlencode({"_search": f"no text has {number}", "_sort": "-text_3", "number__min": "0"})
        answers.append(ask(portal, f"{TABLE}?{query if number % 2 else urlencode(words)}", cookies[number % ACCOUNTS]))

    threads = [threading.Thread(target=heavy, args=(number,)) for number in range(HEAVY)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    began = time.monotonic()
    assert ask(portal, "/healthz")[0] == 200
    assert ask(portal, "/account/login/")[0] == 200
    assert time.monotonic() - began < 3 * SECONDS
    for thread in threads:
        thread.join()
    found = Counter(status for status, _ in answers)
    assert set(found) <= {200, 422, 503}
    assert found[503] + found[422] > 0
    assert portal.workers() == workers
    assert memory(portal) - before < 300
    assert ask(portal, TABLE, cookie)[0] == 200


def test_clients_that_do_not_read_hold_no_thread(portal_and_cookies: tuple[Running, list[str]]) -> None:
    portal, (cookie, *_) = portal_and_cookies
    host, port = portal.address.removeprefix("http://").split(":")
    addresses = ("/static/ninja/swagger-ui-bundle.js", f"{TABLE}?_limit=1000", f"{TABLE}export/csv/")
    stopped = []
    for number in range(LEAVING):
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = addresses[number % 2 if number else 2]
        connection.sendall(f"GET {address} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        stopped.append(connection)
    assert stopped[0].recv(12) == b"HTTP/1.1 200"
    began = time.monotonic()
    for _ in range(5):
        assert ask(portal, "/account/login/")[0] == 200
        assert ask(portal, "/profile/", cookie)[0] == 200
    assert time.monotonic() - began < 10
    for connection in stopped:
        connection.close()
    exports = portal.log.parent / "home" / "portal" / "exports"
    assert list(exports.iterdir()) == []
