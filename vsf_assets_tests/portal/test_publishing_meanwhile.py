"""Snapshots that are published while pages and lists of the API load from a real server with two workers.

Here: snapshots in which every figure tells which one it is of, and that no answer mixes two. Not here: the pool by
itself (test_pool.py), and workers that are killed (test_workers.py).
"""

import contextlib
import http.client
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from vsf_assets_tests.portal.test_command import Running, running, vsf
from vsf_assets_tests.portal.test_workers import Visitor, port_of
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.waiting import wait_until

pytestmark = pytest.mark.slow

TABLE = "marts/dim_devices"
SNAPSHOTS = 12
CLIENTS = 4
DEADLINE = 60.0


def rows_of(number: int) -> int:
    """Return how many rows the table has in a snapshot."""
    return 100 + number


def publish(folder: Path, number: int) -> None:
    """Publish a snapshot whose table says its number in every row, and by the number of its rows."""
    file = folder / f"vsf-{number}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.dim_devices as select {number} as of_snapshot, 'text {number}' as words"
            f" from range({rows_of(number)})"
        )
    link = folder / "next"
    link.symlink_to(file.name)
    link.replace(folder / "current.duckdb")
    with contextlib.suppress(FileNotFoundError):
        (folder / f"vsf-{number - 3}.duckdb").unlink()  # as retention does


@dataclass
class Answer:
    """An answer: what was asked for, the status, the snapshot that its header names, and the body."""

    path: str
    status: int
    snapshot: int
    body: str

    def problem(self) -> str:
        """Return what does not belong to the snapshot; empty if everything does."""
        if self.status == 409 and "_after" in self.path:  # the list went on in another snapshot, and says so
            return "" if f"snapshot {self.snapshot} was published" in self.body.lower() else self.body[:300]
        if self.status != 200:
            return f"{self.path}: {self.status} {self.body[:300]}"
        figures = self._of_list() if self.path.startswith("/api/") else self._of_page()
        return "" if figures == {self.snapshot} else f"{self.path}: {sorted(figures)} in snapshot {self.snapshot}"

    def _of_list(self) -> set[int]:
        content = json.loads(self.body)
        assert content["items"]
        return {content["snapshot"], *(row["of_snapshot"] for row in content["items"])}

    def _of_page(self) -> set[int]:
        text = re.sub(r"<[^>]+>", " ", self.body)
        (footer,) = re.findall(r"Snapshot\s+(\d+)", text)
        found = {int(footer)}
        if self.path == "/data/":
            (rows,) = re.findall(r"dim_devices\s+(\d+)", text)
        else:
            (rows,) = re.findall(r"dim_devices: (\d+) ", text)
            cells = re.findall(r'<td class="number">(\d+)</td><td>text (\d+)</td>', self.body)
            assert cells
            found |= {int(figure) for pair in cells for figure in pair}
        return found | {int(rows) - rows_of(0)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Running, Path, str]]:
    world = World(tmp_path)
    world.snapshots.mkdir()
    publish(world.snapshots, 1)
    home = tmp_path / "home"
    password = vsf(home, world, "portal", "user", "ann", "--role", "analyst").stdout.strip()
    with running(home, world, variables={"VSF_PORTAL_WORKERS": "2"}) as portal:
        yield portal, world.snapshots, password


class Readers:
    """Clients that load pages and lists without a pause, in threads, until the block ends."""

    def __init__(self, portal: Running, password: str) -> None:
        visitor = Visitor(port_of(portal))
        visitor.sign_in("ann", password)
        self._port = port_of(portal)
        self._headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._go) for _ in range(CLIENTS)]
        self.answers: list[Answer] = []

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        """Wait until each has read some more answers."""
        count = len(self.answers)
        wait_until(lambda: len(self.answers) >= count + 3 * CLIENTS, DEADLINE)

    def _go(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._is_over.is_set():
            page = self._ask(connection, f"/data/{TABLE}/?_search=text")
            if following := re.search(r'href="\?([^"]*_after=[^"]+)"', page.body):
                self._ask(connection, f"/data/{TABLE}/?{following[1].replace('&amp;', '&')}")
            self._ask(connection, "/data/")
            self._ask(connection, f"/api/v1/tables/{TABLE}?limit=1000")
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> Answer:
        connection.request("GET", path, headers=self._headers)
        answer = connection.getresponse()
        found = Answer(path, answer.status, int(answer.headers["X-Vsf-Snapshot"]), answer.read().decode())
        self.answers.append(found)
        return found


def test_every_answer_is_of_one_snapshot_and_names_it(server: tuple[Running, Path, str]) -> None:
    portal, folder, password = server
    with Readers(portal, password) as readers:
        for number in range(2, SNAPSHOTS + 1):
            publish(folder, number)
            readers.wait_for_more()
    assert [problem for answer in readers.answers if (problem := answer.problem())] == []
    seen = {answer.snapshot for answer in readers.answers if answer.status == 200}
    assert len(seen) >= SNAPSHOTS - 2
    assert max(seen) == SNAPSHOTS
    assert any("_after" in answer.path and answer.status == 200 for answer in readers.answers)
    assert "Traceback" not in portal.log.read_text()
