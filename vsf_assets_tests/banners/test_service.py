"""`vsf banners` as processes: a real server, its workers, and its end.

Here: what only a server can show. Not here: what is answered (the other modules call the application itself).
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vsf_assets.common.processes import started
from vsf_assets_tests import waiting
from vsf_assets_tests.banners.driver import write_snapshot


def wait_until(condition: Callable[[], object]) -> None:
    waiting.wait_until(condition, 40)


MAIN = [sys.executable, "-m", "vsf_assets.cli.main"]
FIRST = {7: dict.fromkeys(range(1, 5), range(101, 106)), 8: {quarter: [9] for quarter in range(1, 5)}}
SECOND = {7: dict.fromkeys(range(1, 5), range(201, 206))}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Running:
    """A service, its port, and its home."""

    process: "subprocess.Popen[bytes]"
    port: int
    home: Path
    log: Path

    def end(self, number: signal.Signals) -> str:
        """End the main process by a signal, and return what the service has printed."""
        self.process.send_signal(number)
        self.process.wait(30)
        return self.log.read_text()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_up(self) -> bool:
        assert self.process.poll() is None, "the service ended"
        try:
            return self.get("/campaigns/7")[0] == 200
        except OSError:
            return False

    def snapshot(self) -> int:
        return int(json.loads(self.get("/campaigns/7")[1])["snapshot"])

    def raw(self, request: bytes, wants_end: bool = True) -> bytes:
        """Return everything that the server answers to bytes, until it closes the connection or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            if not wants_end:
                connection.settimeout(1)
            answer = b""
            try:
                while part := connection.recv(65536):
                    answer += part
            except TimeoutError:
                pass
            return answer

    def workers(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        return [c for c in children if b"multiprocessing.spawn" in Path(f"/proc/{c}/cmdline").read_bytes()]


def start(home: Path, *words: str, **variables: str) -> Running:
    port = free_port()
    environment = {**os.environ, "VSF_HOME": str(home), **variables}
    command = [*MAIN, "banners", "--bind", f"127.0.0.1:{port}", *words]
    log = home.with_name(f"banners-{port}.log")  # a pipe that nobody reads would stop the workers
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    return Running(process, port, home, log)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with two workers, a log of requests, and one snapshot."""
    home = tmp_path_factory.mktemp("banners") / "home"
    write_snapshot(home, 1, FIRST)
    running = start(home, "--workers", "2", "--access-log")
    wait_until(running.is_up)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


def test_a_visitor_is_known_to_every_worker(service: Running) -> None:
    wait_until(lambda: len(service.workers()) == 2)
    token, seen = "", []
    for _ in range(20):  # each over a connection of its own, so over both workers
        answer = json.loads(service.get("/campaigns/7", Cookie=f"vsf_visitor={token}")[1])
        token = answer["visitor"]
        seen.append(answer["banner"]["banner_id"])
    assert all(set(seen[n : n + 5]) == set(range(101, 106)) for n in range(0, 20, 5))


@pytest.mark.parametrize(
    ("target", "statuses"),
    [
        (b"//campaigns/7", {404}),
        (b"/campaigns/%37", {404}),
        (b"/campaigns%2f7", {404}),
        (b"/campaigns/7%00", {404}),
        (b"/..;/campaigns/7", {404}),
        (b"/campaigns/../campaigns/7", {404}),
        (b"/campaigns/7/", {404}),
        (b"/campaigns/\xd9\xa7", {404, 400}),
        (b"campaigns/7", {400}),
        (b"*", {404, 400}),
        (b"/campaigns/7\x00", {400}),
        (b"/campaigns/7 x", {400}),
        (b"/campaigns/" + b"9" * 60_000, {404, 400, 414, 431}),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_odd_targets_on_the_wire_are_refused(service: Running, target: bytes, statuses: set[int]) -> None:
    answer = service.raw(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    assert found is not None
    assert int(found[1]) in statuses


def test_http_1_0_pipelining_and_long_headers(service: Running) -> None:
    old = service.raw(b"GET /campaigns/8 HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200 ")
    head, _, body = old.partition(b"\r\n\r\n")
    assert b'"banner_id": 9' in body
    assert head.lower().count(b"content-length: %d" % len(body)) == 1
    no_host = service.raw(b"GET /campaigns/8 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert no_host.startswith(b"HTTP/1.1 400 ")
    one = b"GET /campaigns/8 HTTP/1.1\r\nHost: a\r\n"
    pipelined = service.raw((one + b"\r\n") * 3 + one + b"Connection: close\r\n\r\n")
    assert pipelined.count(b'"banner_id": 9') == 4
    cookies = b"".join(b"Cookie: c%d=%s\r\n" % (n, b"v" * 100) for n in range(60))
    assert service.raw(one + cookies + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    with_body = one.replace(b"GET", b"POST") + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello"
    assert service.raw(with_body).startswith(b"HTTP/1.1 405 ")
    endless = service.raw(one + b"Cookie: " + b"x" * 200_000, wants_end=False)
    assert b" 200 " not in endless[:20]
    assert service.is_up()


def test_a_worker_that_dies_is_replaced_and_the_others_go_on(service: Running) -> None:
    before = service.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(set(service.workers()) - set(before)) == 1 and len(service.workers()) == 2)
    wait_until(service.is_up)


def test_new_scores_are_served_within_five_seconds(service: Running) -> None:
    before = service.snapshot()
    write_snapshot(service.home, before + 1, SECOND)
    published = time.monotonic()
    wait_until(lambda: all(service.snapshot() == before + 1 for _ in range(8)))
    assert time.monotonic() - published < 5 or os.getloadavg()[0] > 4
    assert json.loads(service.get("/healthz")[1])["snapshot"] == before + 1
    assert service.get("/campaigns/8")[0] == 404


def test_metrics_are_those_of_all_workers(service: Running) -> None:
    def shown() -> int:
        return int(re.findall(r'answer="banner"} (\d+)', service.get("/metrics")[1])[0])

    before = shown()
    for _ in range(30):
        service.get("/campaigns/7")
    wait_until(lambda: shown() >= before + 30)


def test_a_second_service_on_the_address_is_refused_with_what_to_do(service: Running) -> None:
    command = [*MAIN, "banners", "--bind", f"127.0.0.1:{service.port}"]
    done = subprocess.run(
        command, env={**os.environ, "VSF_HOME": str(service.home)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"port {service.port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_sigterm_ends_it_with_open_connections_and_leaves_nothing(service: Running) -> None:
    """The last test of this service: it reads the log too."""
    workers = service.workers()
    with socket.create_connection(("127.0.0.1", service.port)) as idle:
        idle.sendall(b"GET /campaigns/7 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        output = service.end(signal.SIGTERM)
    assert service.process.returncode == 0
    assert f"banners are at http://127.0.0.1:{service.port}/campaigns/<id>, with 2 workers" in output
    assert re.search(r'"GET /campaigns/7 HTTP/1\.1"? 200', output)
    assert "visitor=" not in output
    assert "Traceback" not in output
    wait_until(lambda: not any(started(worker) for worker in workers))


def test_workers_end_when_the_service_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_snapshot(home, 1, FIRST)
    running = start(home)
    wait_until(running.is_up)
    workers = running.workers()
    running.end(signal.SIGKILL)
    wait_until(lambda: not any(started(worker) for worker in workers))
    # The next one begins at once with the banners that were kept, and with the same key.
    (home / "snapshots" / "vsf-1.duckdb").unlink()
    again = start(home)
    wait_until(again.is_up)
    assert json.loads(again.get("/healthz")[1])["status"] == "stale"
    output = again.end(signal.SIGINT)
    assert again.process.returncode == 0
    assert "beginning with the banners of snapshot 1, which were kept" in output
