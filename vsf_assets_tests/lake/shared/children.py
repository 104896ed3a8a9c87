"""Processes of their own that prepare a shared lake and store in it.

They are forked from a process without threads (forks.py): a test's process has those of polars and DuckDB, which do not
live on in a child, and the child would wait for them for ever. Here: what such a process does. Not here: ingests that
die (engine/children.py), and what tests expect.
"""

import json
import sys
from pathlib import Path

import duckdb
import psycopg
import pytest

from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.warehouses import Home


def start(work: str, home: Home, database: str, **more: str) -> ForkedProcess:
    """Start a function of this module for a home.

    Args:
        work: name of the function.
        home: its landing zone and lake count.
        database: connection string.
        **more: what the function takes besides.
    """
    job = {"root": str(home.root), "lake": home.settings.lake, "database": database, **more}
    return ForkedProcess("vsf_assets_tests.lake.shared.children", work, [json.dumps(job)])


def ended(process: ForkedProcess) -> int:
    """Wait for a process, show what it said, and return how it ended."""
    printed, errors = process.communicate(timeout=120)
    sys.stderr.write(printed + errors)
    assert process.returncode is not None
    return process.returncode


def _home(job: dict[str, str], database: str) -> Home:
    return shared_home(Path(job["root"]), database, job["lake"])


def prepare() -> None:
    """Prepare the lake."""
    job = json.loads(sys.argv[1])
    _home(job, job["database"]).warehouse.prepare(lambda _: None)


def store_through() -> None:
    """Prepare the lake, and store `stored`, the one file that has landed, over another way to the database."""
    job = json.loads(sys.argv[1])
    prepare()
    report = _home(job, job["through"]).ingest()
    assert [row.file_name for row in report.stored] == [job["stored"]]


def store_and_try_to_remove() -> None:
    """Prepare the lake, store a file of clicks, and fail to remove it."""
    job = json.loads(sys.argv[1])
    prepare()
    _home(job, job["database"]).ingest()
    (file,) = Path(job["lake"]).rglob("clicks/*.parquet")
    with pytest.raises(PermissionError):
        file.unlink()


def lose_the_session_in_a_transaction() -> None:
    """Prepare the lake, and have every session cut in the middle of a transaction; this is an error, and no more."""
    job = json.loads(sys.argv[1])
    prepare()
    home = _home(job, job["database"])

    def cut() -> None:
        with psycopg.connect(job["database"], autocommit=True) as control:
            control.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    with pytest.raises(duckdb.Error), home.warehouse.connect(read_only=True) as connection:
        connection.execute("begin transaction")
        connection.execute("from raw.files").fetchall()
        cut()
        connection.execute("from raw.files").fetchall()
