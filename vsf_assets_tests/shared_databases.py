"""Databases for homes whose warehouse is a shared lake, in a run of the tests with VSF_TEST_FORM=shared.

Here: one server for each process of the tests, and a copy of a prepared database for each home. Not here: the choice of
the form (forms.py), and the tests of the shared lake itself (lake/shared/).
"""

import atexit
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.postgres_server import PROGRAMS, running_server

_numbers = count(1)


@cache
def database_of(home: Path) -> str:
    """Return the connection string of a home's database, which has a lake with its raw tables and no row."""
    server = _server_with_template(home.parent)
    name = f"home{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template prepared")
    return server.removesuffix("/postgres") + f"/{name}"


def lake_of(home: Path) -> Path:
    """Return the folder of a home's data files; beside the home, since its processes remove nothing above it."""
    return home.parent / f"lake-of-{home.name}" / "lake"


@cache
def _server() -> str:
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    stack = ExitStack()
    address = stack.enter_context(running_server())
    atexit.register(stack.close)
    return address


_templates: list[str] = []


def _server_with_template(folder: Path) -> str:
    """Return the server, in which `prepared` is a database that homes get a copy of."""
    server = _server()
    if not _templates:
        let_this_process_remove()
        database = server.removesuffix("/postgres") + "/prepared"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("create database prepared")
        home = folder / "prepared"
        settings = read_settings({"VSF_HOME": str(home), "VSF_CATALOG": database, "VSF_LAKE": str(lake_of(home))})
        Warehouse.of(settings).prepare(lambda _: None)
        with psycopg.connect(server, autocommit=True) as connection:  # DuckDB may keep a session for a moment
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'prepared'")
        _templates.append(database)
    return server
