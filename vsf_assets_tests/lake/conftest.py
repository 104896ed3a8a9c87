"""A PostgreSQL server for the tests of this folder, with fresh databases for each.

Here: fixtures. Not here: lakes in such a database (shared/).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
import pytest

from vsf_assets_tests.postgres_server import PROGRAMS, running_server

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Yield the address of a server that the tests of a process share."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with running_server() as url:
        yield url


@pytest.fixture
def catalog(server: str) -> Iterator[str]:
    """Yield the connection string of an empty database, for a role that may do nothing but own it."""
    with _database(server) as found:
        yield found


@pytest.fixture
def other_catalog(server: str) -> Iterator[str]:
    """Yield that of one more such database, with a role of its own."""
    with _database(server) as found:
        yield found


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"lake{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create role {name} login")
        connection.execute(f"create database {name} owner {name}")
        yield server.replace("://vsf@", f"://{name}@").removesuffix("/postgres") + f"/{name}"
        connection.execute(f"drop database {name} with (force)")
        connection.execute(f"drop role {name}")
