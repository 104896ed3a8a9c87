"""Databases for homes whose warehouse is a shared lake, in a run of the tests with VSF_TEST_FORM=shared.

Here: one server for each process of the tests, a copy of a prepared database for each home, and the end of the sessions
that a test left. Not here: the choice of the form (forms.py), and the tests of the shared lake itself (lake/shared/).
"""

import atexit
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms import shared_attach
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.forms import link
from vsf_assets_tests.postgres_server import PROGRAMS, running_server

_numbers = count(1)

PREPARED, BUILT = "prepared", "built"
"""Databases that homes get a copy of: a lake with its raw tables and no row, and one with the marts of a build too."""


def database_of(home: Path) -> str:
    """Return the connection string of a home's database, which its lake is made in by the first who wants to know.

    It is written down beside the data files, for processes that the test starts.
    """
    note = lake_of(home).with_name("database")
    if not note.exists():
        lake_of(home).mkdir(parents=True, exist_ok=True)
        server = _server_with(PREPARED)
        address = f"{_without_database(server)}/home{next(_numbers)}"
        _copy_database(PREPARED, address)
        note.write_text(address)
    return note.read_text()


def lake_of(home: Path) -> Path:
    """Return the folder of a home's data files; beside the home, since its processes remove nothing above it."""
    return home.parent / f"lake-of-{home.name}" / "lake"


def lose_lake(settings: Settings) -> None:
    """Let the lake of a home lose what it holds, and be as `vsf prepare` left it."""
    close_lakes()
    _copy_database(PREPARED, settings.lake_database, _id_of(settings.lake_database))


def put_built_lake(settings: Settings, build: Callable[[Warehouse], None]) -> None:
    """Give a home a lake with the marts of a build.

    Args:
        settings: of the home.
        build: builds in a lake that has its raw tables; the first home of a process needs it.
    """
    _server_with(BUILT, build)
    close_lakes()
    _copy_database(BUILT, settings.lake_database, _id_of(settings.lake_database))
    shutil.copytree(_places[BUILT].lake, settings.lake, copy_function=link, dirs_exist_ok=True)


def copy_lake(source: Path, home: Path) -> None:
    """Give a home a copy of another home's lake."""
    close_lakes()
    template, address = database_of(source), database_of(home)
    _copy_database(template.rpartition("/")[2], address, _id_of(template))
    shutil.copytree(lake_of(source), lake_of(home), copy_function=link, dirs_exist_ok=True)


def close_lakes() -> None:
    """End the sessions of this process with all lakes: it would have one for each home, and a server has a hundred."""
    with shared_attach._guard:
        while shared_attach._opened:
            shared_attach._opened.popitem()[1].close()


_IS_ID = "name = 'id of the lake'"


def _id_of(database: str) -> str:
    with psycopg.connect(database) as connection:
        ((known,),) = connection.execute(f"select value from vsf.versions where {_IS_ID}".encode()).fetchall()
    return str(known)


def _without_database(address: str) -> str:
    return address.rpartition("/")[0]


def _copy_database(template: str, address: str, lake_id: str = "") -> None:
    """Replace a database by a copy of another one, which is a lake of its own: its id is another one, if none is given.

    Homes whose lakes have the same id would share everything.
    """
    name = address.rpartition("/")[2]
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
        # DuckDB may keep a session for a moment.
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [template])
        connection.execute(f"create database {name} template {template}".encode())
    with psycopg.connect(address) as connection:
        sql = f"update vsf.versions set value = %s where {_IS_ID}".encode()
        assert connection.execute(sql, [lake_id or uuid.uuid4().hex]).rowcount == 1


@cache
def _server() -> str:
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    stack, process = ExitStack(), os.getpid()
    address = stack.enter_context(running_server())
    atexit.register(lambda: stack.close() if os.getpid() == process else None)
    return address


_places: dict[str, Settings] = {}
"""Database that is copied -> the settings of its home."""


def _server_with(template: str, build: Callable[[Warehouse], None] = lambda _: None) -> str:
    """Return the server, in which a database is that homes get a copy of."""
    server = _server()
    if template not in _places:
        from vsf_assets_tests.prebuilt import place  # which needs forms.py

        let_this_process_remove()
        home = place() / f"shared-{os.getpid()}-{template}"
        address = f"{_without_database(server)}/{template}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create database {template}".encode())
        settings = read_settings({"VSF_HOME": str(home), "VSF_CATALOG": address, "VSF_LAKE": str(lake_of(home))})
        warehouse = Warehouse.of(settings)
        warehouse.prepare(lambda _: None)
        build(warehouse)
        close_lakes()
        _places[template] = settings
    return server
