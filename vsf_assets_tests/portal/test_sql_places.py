"""Where a snapshot lies on the server: no answer to SQL tells it, and nothing that SQL says gets out of its process.

Here: the system calls that a query's process may not make, every function of DuckDB that lists something, its settings
and its messages, and what DuckDB prints; on the real processes. Not here: statements that try to read something else
(test_sql.py).
"""

import ast
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from vsf_assets.portal.sql.query import _connect
from vsf_assets.portal.sql.runner import SqlError, SqlRunner
from vsf_assets.portal.sql.system_calls import CALLS, refuse_calls
from vsf_assets_tests.portal.test_sql import LIMITS, runner, snapshot

__all__ = ["runner", "snapshot"]

has_filter = pytest.mark.skipif(os.uname().machine not in CALLS, reason="no system calls are known of this processor")

ARGUMENTS = ("", "'marts.dim_lines'", "1")
"""Given to each table function."""

PLACE_QUESTIONS = (
    "from duckdb_databases()",
    "select path from duckdb_databases",
    "from pragma_database_list",
    "select file from pragma_database_list()",
    "from pg_catalog.pg_database",
    "from information_schema.schemata",
    "show databases",
    "from pragma_database_size()",
    "from duckdb_settings()",
    "select current_setting('allowed_paths')",
    "select current_setting('allowed_directories')",
    "select current_setting('secret_directory')",
    "select current_setting('extension_directory')",
    "select current_setting('home_directory')",
    "select current_setting('temp_directory')",
    "select current_setting('file_search_path')",
    "select current_setting('log_query_path')",
    "select current_setting('profile_output')",
    "from duckdb_extensions()",
    "from duckdb_temporary_files()",
    "from duckdb_external_file_cache()",
    "from duckdb_logs()",
    "from duckdb_secrets()",
    "from query('from duckdb_databases()')",
    "from json_execute_serialized_sql(json_serialize_sql('from duckdb_databases()'))",
    "explain analyze from marts.dim_lines",
    "explain (format json) from marts.dim_lines",
    "from read_blob('{snapshot}')",
    "from read_duckdb('{snapshot}')",
    "from nowhere.marts.dim_lines",
    "from 'x.duckdb'",
    "from './x'",
    "from read_text('.')",
    "from glob('*')",
    "from read_blob('/proc/self/fd/3/{name}')",
)
"""Asks where something lies, or gets a message about it."""


def places(snapshot: Path) -> set[str]:
    """Return texts that would tell where files lie on this machine."""
    return {
        str(snapshot.parent),
        snapshot.parent.parent.name,
        sys.prefix,
        str(Path.home() / ".duckdb"),
        str(Path.cwd()),
    }


def places_in(text: str, snapshot: Path) -> list[str]:
    return [place for place in places(snapshot) if place in text]


@has_filter
@pytest.mark.parametrize("sql", PLACE_QUESTIONS)
def test_no_answer_tells_where_the_snapshot_lies(runner: SqlRunner, snapshot: Path, sql: str) -> None:
    filled = sql.replace("{snapshot}", "nowhere/vsf-1.duckdb").replace("{name}", snapshot.name)
    try:
        answer = runner.run(snapshot, filled, LIMITS)
    except SqlError as error:
        found = str(error)
    else:
        found = repr((answer.columns, answer.rows))
    assert places_in(found, snapshot) == []


def in_a_process(work: Callable[[], object]) -> str:
    """Return what a function gives in a process of its own, as text."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            found = repr(work())
        except BaseException as error:  # noqa: BLE001 - the test shows it
            found = f"failed: {error!r}"
        with os.fdopen(write, "w") as pipe:
            pipe.write(found)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        found = pipe.read()
    os.waitpid(process, 0)
    return found


@has_filter
def test_no_function_or_setting_of_duckdb_tells_where_the_snapshot_lies(snapshot: Path) -> None:
    """All there are, so that a later DuckDB's are seen; in one process, with the connection of queries."""

    def ask() -> dict[str, str]:
        os.environ.pop("HOME", None)  # as in the process of a query
        assert refuse_calls()
        connection = _connect(str(snapshot), LIMITS)
        (functions,) = connection.execute(
            "select list(distinct (function_name, function_type)) from duckdb_functions() where function_type in"
            " ('table', 'pragma', 'scalar', 'table_macro') and function_name not in ('pg_sleep', 'sleep_ms')"
        ).fetchall()[0]
        settings = [row[0] for row in connection.execute("select name from duckdb_settings()").fetchall()]
        queries = [f"select {name}()" for name, kind in functions if kind == "scalar" and name.isidentifier()]
        queries += [f"from {name}({given})" for name, kind in functions if kind != "scalar" for given in ARGUMENTS]
        queries += [f"pragma {name}" for name, kind in functions if kind == "pragma"]
        queries += [f"select current_setting('{name}')" for name in settings]
        found = {}
        for sql in queries:
            try:
                found[sql] = repr(connection.execute(sql).fetchmany(2000))
            except (duckdb.Error, RuntimeError) as error:
                found[sql] = str(error)
        return found

    found = in_a_process(ask)
    assert len(found) > 100_000, found[:1000]
    assert "from duckdb_databases()" in found
    assert "/proc/self/fd/" in found
    answers = ast.literal_eval(found)
    assert {sql: text for sql, text in answers.items() if places_in(text, snapshot)} == {}


@has_filter
def test_calls_that_no_query_needs_are_refused(snapshot: Path) -> None:
    def attempt() -> list[str]:
        assert refuse_calls()
        done = []
        attempts: dict[str, Callable[[], object]] = {
            "the name of a link": lambda: Path("/proc/self/fd/1").readlink(),
            "the name of a program": lambda: os.path.realpath("/proc/self/exe", strict=True),
            "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "TCP": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
            "a socket of this machine": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
            "another program": lambda: os.execv("/bin/true", ["true"]),
        }
        for name, call in attempts.items():
            try:
                call()
            except PermissionError:
                done.append(name)
        return [*done, str(len(os.listdir("/proc/self/task"))), snapshot.open("rb").read(12)[8:].decode()]

    found = ast.literal_eval(in_a_process(attempt))
    assert found == [
        "the name of a link",
        "the name of a program",
        "UDP",
        "TCP",
        "a socket of this machine",
        "another program",
        "1",
        "DUCK",
    ]


def test_a_query_prints_nothing(snapshot: Path) -> None:
    """PIVOT is two statements, so the first one can make the second one print; the portal's log would show it.

    The log is a pipe here, as that of a service is: to a file no process of a query can write.
    """
    sql = (
        "pivot (with a as materialized (select count(*) as n from enable_profiling(format := 'json'))"
        " select n as k, range as loud from a, range(3000)) on k using sum(loud)"
    )
    read, write = os.pipe()
    kept = [os.dup(number) for number in (1, 2)]
    runner = SqlRunner()
    try:
        for number in (1, 2):
            os.dup2(write, number)
        found = runner.run(snapshot, sql, LIMITS).rows
    finally:
        for number, own in zip((1, 2), kept, strict=True):
            os.dup2(own, number)
            os.close(own)
        os.close(write)
        runner.close()
    assert found == [[sum(range(3000))]]
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b""
