"""Several workers at once: the memory that a burst of log-ins takes, and kills while pages load and changes are sent.

Here: a real server with four processes. Not here: which log-in reaches the hasher (test_log_in.py).
"""

import contextlib
import http.client
import os
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest

from vsf_assets_tests.portal.test_command import Running, running, vsf, wait_for
from vsf_assets_tests.portal.world import World

pytestmark = pytest.mark.slow

WORKERS = 4
GROWTH = 100.0
"""MB that all workers together may grow by, for 200 log-ins at the same time."""

TOKEN = re.compile(rb'csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Visitor:
    """A client with cookies that gives its answers as they are, for many threads."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            if fields is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, urlencode(fields or {}), headers)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    cookie, _, text = value.partition(";")[0].partition("=")
                    self.cookies[cookie] = text
            return answer.status, answer.read()
        finally:
            connection.close()

    def token(self, path: str) -> str:
        found = TOKEN.search(self.send("GET", path)[1])
        assert found
        return found[1].decode()

    def sign_in(self, name: str, password: str) -> None:
        fields = {"csrfmiddlewaretoken": self.token("/account/login/"), "login": name, "password": password}
        assert self.send("POST", "/account/login/", fields)[0] == 302


@pytest.fixture(scope="module")
def portal_and_password(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    home = tmp_path_factory.mktemp("workers") / "home"
    password = vsf(home, world, "portal", "user", "ann", "--role", "analyst").stdout.strip()
    patient = {"VSF_PORTAL_WORKERS": str(WORKERS), "VSF_PORTAL_QUERY_SECONDS": "120"}  # a busy machine ends no page
    with running(home, world, variables=patient) as portal:
        yield portal, password


def port_of(portal: Running) -> int:
    return int(portal.address.rpartition(":")[2])


def megabytes(workers: list[int]) -> float:
    """Return the memory of processes, where a page that several share counts once."""
    texts = [Path(f"/proc/{worker}/smaps_rollup").read_text() for worker in workers]
    return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / 1024


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_200_parallel_wrong_log_ins_take_less_than_100_mb(portal_and_password: tuple[Running, str]) -> None:
    portal, _ = portal_and_password
    visitor = Visitor(port_of(portal))
    fields = {"csrfmiddlewaretoken": visitor.token("/account/login/"), "login": "ann", "password": "wrong"}
    workers = portal.workers()
    assert len(workers) == WORKERS
    before = most = megabytes(workers)
    answers: Counter[str] = Counter()
    is_over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.02):
            most = max(most, megabytes(workers))

    def one() -> None:
        status, page = visitor.send("POST", "/account/login/", fields)
        answers["hashed" if b"not correct" in page else "refused"] += 1
        assert status in (200, 429)

    watching = threading.Thread(target=watch)
    watching.start()
    in_threads(200, one)
    is_over.set()
    watching.join()
    assert answers["refused"] >= 190
    assert 1 <= answers["hashed"] <= 10
    assert most - before < GROWTH
    assert portal.workers() == workers


class Traffic:
    """Pages that load and changes that are sent all the time, and what was answered."""

    def __init__(self, visitor: Visitor, team: str, csrf: str) -> None:
        self._visitor, self._form = visitor, {"csrfmiddlewaretoken": csrf, "team": team, "scopes": "read", "days": "1"}
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(do,)) for do in (self._change, *[self._load] * 2)]
        self.made: list[str] = []
        self.loaded: list[int] = []

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self) -> bool:
        """Wait for some more answers of both kinds; return whether they came."""
        made, loaded, until = len(self.made), len(self.loaded), time.monotonic() + 120
        while time.monotonic() < until:
            if len(self.made) >= made + 3 and len(self.loaded) >= loaded + 3:
                return True
            time.sleep(0.05)
        return False

    def _repeat(self, do: Callable[[], None]) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):  # of a worker that was killed
                do()

    def _change(self) -> None:
        name = f"token {time.monotonic_ns()}"
        status, page = self._visitor.send("POST", "/tokens/", self._form | {"name": name})
        if status == 200 and b"<code>vsf_" in page:
            self.made.append(name)

    def _load(self) -> None:
        self.loaded.append(self._visitor.send("GET", "/data/marts/dim_lines/")[0])
        time.sleep(0.02)  # leaves the processor to the workers that start


def signed_in(portal: Running, password: str, database: Path) -> Visitor:
    """Return a client that may make tokens; what an earlier test counted is forgotten."""
    with sqlite3.connect(database) as connection:
        connection.execute("delete from accounts_logincount")
        connection.execute("delete from portal_cache")
    visitor = Visitor(port_of(portal))
    visitor.sign_in("ann", password)
    fields = {"csrfmiddlewaretoken": visitor.token("/account/reauthenticate/"), "password": password}
    assert visitor.send("POST", "/account/reauthenticate/", fields)[0] == 302
    return visitor


def test_killed_workers_lose_no_answered_change_and_no_session(portal_and_password: tuple[Running, str]) -> None:
    portal, password = portal_and_password
    database = portal.log.with_suffix("") / "portal" / "portal.sqlite3"
    visitor = signed_in(portal, password, database)
    page = visitor.send("GET", "/tokens/")[1].decode()
    (team,) = re.findall(r'<option value="([\w-]+)"[^>]*>platform<', page)
    with Traffic(visitor, team, visitor.token("/tokens/")) as traffic:
        for worker in portal.workers():
            os.kill(worker, signal.SIGKILL)
            assert traffic.goes_on(), portal.log.read_text()
    wait_for(portal)
    assert set(traffic.loaded) == {200}
    assert visitor.send("GET", "/")[0] == 200  # the session stays
    with sqlite3.connect(database) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        kept = {name for (name,) in connection.execute("select name from accounts_apitoken")}
        entries = connection.execute("select count(*) from audit_auditentry where action = 'token.created'").fetchone()
    assert set(traffic.made) <= kept
    assert entries == (len(kept),)  # each change stands with its entry, also where the worker died before it answered
