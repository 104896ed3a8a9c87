"""A whole service whose made-up files are in a bucket: a worker makes what one portal asks for, any portal sends it.

The portals have homes of their own, and share database and keys. Here: the way from a request to its file. Not here:
the parts of it (synthetic/test_made_in_a_bucket.py, portal/test_made_files.py).
"""

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from vsf_assets_tests.lake.workers.servers import WORKER, free_port
from vsf_assets_tests.lake.workers.site import Site, until
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.portal.test_workers import Visitor
from vsf_assets_tests.postgres_server import Server
from vsf_assets_tests.redis_server import Broker

pytestmark = pytest.mark.workers

MADE_ROWS = 100_001
"""More rows than a portal makes at once, without a run."""

SCHEMA = {"name": "numbers", "columns": [{"name": "id", "type": "Sequence", "from": 1}]}


class Api:
    """The API of a portal, with a token."""

    def __init__(self, port: str, token: str) -> None:
        self._address, self._headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, sent: Any = None) -> bytes:
        """Return the body of an answer; `sent` is posted as JSON."""
        body = None if sent is None else json.dumps(sent).encode()
        headers = self._headers | ({} if sent is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self._address + path, body, headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: bytes = answer.read()
        return found

    def state(self, path: str) -> dict[str, Any]:
        """Return an answer's fields."""
        found: dict[str, Any] = json.loads(self.ask(path))
        return found

    def is_up(self) -> bool:
        """Whether the portal answers."""
        try:
            return bool(self.ask("/api/v1/schemas"))
        except urllib.error.HTTPError:
            raise
        except OSError:
            return False


def test_a_worker_makes_what_a_portal_asks_for_and_another_portal_sends_it(
    site: Site, server: Server, broker: Broker, bucket: Bucket, tmp_path: Path
) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("create database portal")
    ports = free_port(), free_port()
    site.more |= {
        "VSF_BROKER": broker.address,
        "VSF_INGEST_RUNS": "2",
        "VSF_MADE": bucket.address("made"),
        "VSF_PORTAL_BIND": f"127.0.0.1:{ports[0]}",
        "VSF_PORTAL_DATABASE": server.address.removesuffix("/postgres") + "/portal",
        "VSF_PORTAL_KEYS": str(tmp_path / "keys"),
        "VSF_PORTAL_WORKERS": "1",
    }
    site.vsf("prepare")
    password = site.vsf("portal", "user", "ann", "--role", "marketer", "--team", "made", home="service").split()[-1]
    token = site.vsf("portal", "token", "ann", home="service").split()[-1]
    site.start("worker", *WORKER)
    site.start("service", "-m", "vsf_assets.cli.main", "serve", "--port", free_port())
    site.start("portal", "-m", "vsf_assets.cli.main", "portal", "--bind", f"127.0.0.1:{ports[1]}")
    here, elsewhere = (Api(port, token) for port in ports)
    for portal in (here, elsewhere):
        until(portal.is_up, "the portal answers, and accepts a token that a command of another home made")

    schema = json.loads(here.ask("/api/v1/schemas", SCHEMA))["id"]
    wanted = {"rows": MADE_ROWS, "seed": 1, "format": "csv"}
    url = json.loads(here.ask(f"/api/v1/schemas/{schema}/files", wanted))["url"]
    until(lambda: elsewhere.state(url)["state"] == "ready", "the other portal says that the file is ready")
    content = elsewhere.ask(f"{url}/content")
    assert content.decode().split() == ["id", *map(str, range(1, MADE_ROWS + 1))]
    assert here.ask(f"{url}/content") == content
    assert elsewhere.state(url)["sha256"] == hashlib.sha256(content).hexdigest()
    made = [key for key in bucket.keys("made/") if key.endswith(".csv")]
    assert [bucket.get(f"made/{key}") for key in made] == [content]
    assert not list((site.root / "homes").glob("*/made/*/*.csv")), "no home keeps the file"

    visitor = Visitor(int(ports[0]))
    visitor.sign_in("ann", password)
    visitor.port = int(ports[1])
    status, page = visitor.send("GET", "/made-up-files/")
    assert (status, b"numbers" in page) == (200, True), "the other portal accepts the session"
    assert Visitor(int(ports[1])).send("GET", "/made-up-files/")[0] == 302, "and nobody without one"
