"""A PostgreSQL server for the tests of this folder, with a fresh database for each.

Here: fixtures. Not here: lakes in such a database (shared/).
"""

from collections.abc import Iterator
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
    name = f"lake{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create role {name} login")
        connection.execute(f"create database {name} owner {name}")
        yield server.replace("://vsf@", f"://{name}@").removesuffix("/postgres") + f"/{name}"
        connection.execute(f"drop database {name} with (force)")
        connection.execute(f"drop role {name}")
