"""What the load test asks: a service with made-up scores, and raw ASGI applications that answer a constant.

Here: the servers, with the same options and each with one worker. Not here: the clients.
"""

import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from vsf_assets.banners.serving import ServiceOptions, server_of
from vsf_assets.banners.visitor_tokens import TokenSigner
from vsf_assets.config.settings import child_environment
from vsf_assets.web.answers import Application, Receive, Scope, Send
from vsf_assets.web.signing_keys import read_keys

CAMPAIGNS, BANNERS = 50, 10

_TABLE = """
    create schema marts;
    create table marts.fct_campaign_scores
        (campaign_id bigint, quarter integer, rank integer, banner_id bigint, rule varchar);
"""


@dataclass(frozen=True)
class Served:
    """A running server: its port, and the process id of its worker."""

    port: int
    worker: int

    def cpu_seconds(self) -> float:
        """Return the processor time that the worker has used, in seconds."""
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def visitors(self) -> dict[str, int]:
        """Return what the service counted: kind of token -> shown banners."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            found = re.findall(r'^vsf_banners_visitors_total\{token="(\w+)"\} (\d+)$', answer.read().decode(), re.M)
        return {kind: int(count) for kind, count in found}

    def memory_mb(self) -> float:
        """Return the resident memory of the worker."""
        return int(Path(f"/proc/{self.worker}/statm").read_text().split()[1]) * 4096 / 1e6


def publish(home: Path, number: int) -> None:
    """Write a snapshot of made-up scores, and point to it; another number has other banners."""
    folder = home / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"vsf-{number}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(_TABLE)
        for campaign in range(1, CAMPAIGNS + 1):
            for quarter in range(1, 5):
                chosen = random.Random(f"{number} {campaign} {quarter}").sample(range(100, 500), BANNERS)
                rows = [(campaign, quarter, rank, banner, "top_revenue") for rank, banner in enumerate(chosen, 1)]
                connection.executemany("insert into marts.fct_campaign_scores values (?, ?, ?, ?, ?)", rows)
    link = folder / ".next"
    link.symlink_to(file.name)
    link.rename(folder / "current.duckdb")


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def banner_service(home: Path) -> Iterator[Served]:
    """Run `vsf banners` with one worker on a home until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "vsf_assets.cli.main", "banners", "--bind", f"127.0.0.1:{port}"]
    with _running(command, {"VSF_HOME": str(home)}, port) as served:
        yield served


@contextmanager
def constant_server(token_bytes: int, body_bytes: int, keys: Path | None = None) -> Iterator[Served]:
    """Run the constant of a size on the same server, with the same options, until the block ends.

    With a file of signing keys, it verifies the cookie of each request and signs another.
    """
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.banner_load.served", str(port), str(token_bytes), str(body_bytes)]
    command += [str(keys)] if keys is not None else []
    with _running(command, {}, port) as served:
        yield served


@contextmanager
def _running(command: list[str], variables: dict[str, str], port: int) -> Iterator[Served]:
    process = subprocess.Popen(command, env=child_environment(variables), stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield Served(port, _worker_of(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/campaigns/1", timeout=2) as answer:
                answer.read()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start: {process.args!r}") from None
            time.sleep(0.1)


def _worker_of(process: int) -> int:
    """Return the process id of the worker of a server."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    (worker,) = (c for c in children if b"multiprocessing.spawn" in Path(f"/proc/{c}/cmdline").read_bytes())
    return worker


_COOKIE_END = b"; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"


class Constant:
    """The raw application: the same two messages, whatever is asked."""

    def __init__(self, token_bytes: int, body_bytes: int) -> None:
        cookie = b"vsf_visitor=" + b"x" * token_bytes + _COOKIE_END
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % body_bytes),
            (b"set-cookie", cookie),
        ]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": b"x" * body_bytes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        await send(self._start)
        await send(self._body)


class SignedConstant:
    """The constant with a cookie of its own in each answer: what the token costs any application of this server.

    It knows neither campaigns nor cycles, refuses nothing, and counts nothing.
    """

    def __init__(self, token_bytes: int, body_bytes: int, keys: Path) -> None:
        self._signer = TokenSigner(read_keys(keys), time.time())
        self._entries = b"x" * (token_bytes - len(self._signer.sign(b"")))
        self._opening = b"x" * (body_bytes - token_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        cookie = dict(scope["headers"]).get(b"cookie")
        opened = self._signer.open_cookie(cookie) if cookie is not None else None
        token = self._signer.sign(self._entries if opened is None else opened[0])
        value = b"vsf_visitor=" + token + _COOKIE_END
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"set-cookie", value)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._opening + token})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Take part in the server's start and end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def make_constant(token_bytes: int, body_bytes: int, keys: Path | None = None) -> Application:
    """Return a constant, as a bound method like the service's application."""
    if keys is not None:
        return SignedConstant(token_bytes, body_bytes, keys).__call__
    return Constant(token_bytes, body_bytes).__call__


if __name__ == "__main__":
    own_port, token, body = map(int, sys.argv[1:4])
    file = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    server_of(ServiceOptions("127.0.0.1", own_port)).serve(
        target_loader=partial(make_constant, token, body, file), wrap_loader=False
    )
