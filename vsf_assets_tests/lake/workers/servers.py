"""The servers and the site of tests of workers, as fixtures.

Here: database, broker, and a site with both. Not here: what is done with them.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets_tests.lake.workers.site import Site
from vsf_assets_tests.postgres_server import PROGRAMS, Server, restartable_server
from vsf_assets_tests.redis_server import PROGRAM, Broker, running_broker

WORKER = ("-m", "vsf_assets.cli.main", "worker")


def free_port() -> str:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def service() -> tuple[str, ...]:
    """Return the command of the service without its portal."""
    return "-m", "vsf_assets.cli.main", "serve", "--no-portal", "--port", free_port()


@pytest.fixture
def server() -> Iterator[Server]:
    """PostgreSQL with an empty database."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with restartable_server() as started:
        yield started


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Redis, which keeps its tasks."""
    if PROGRAM is None:
        pytest.skip("Redis is not installed (Debian: redis-server)")
    with running_broker() as started:
        yield started


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Iterator[Site]:
    """A site without a lake yet; every process ends with the test."""
    made = Site(tmp_path / "site", server.address)
    yield made
    made.end()
