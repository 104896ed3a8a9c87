"""DuckDB files that tests ask, attached to one instance of this process: a third of the time of opening each.

Here: attaching and asking. Not here: files in a bucket (objects/homes.py), and the platform's own connections, which
tests of these use.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY
from vsf_assets_tests.forms import attach

_turn = threading.RLock()


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 2, **OWN_SQL_ONLY})
    made.execute("set TimeZone = 'UTC'")
    return made


@contextmanager
def attached(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that reads a file and changes nothing; the file's catalog is the current one."""
    with _turn:
        connection = _instance()
        attach(connection, file, "asked")
        try:
            connection.execute("use asked")
            yield connection
        finally:
            connection.execute("use memory")
            connection.execute("detach asked")


def ask(file: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with attached(file) as connection:
        return connection.execute(sql, values).fetchall()
