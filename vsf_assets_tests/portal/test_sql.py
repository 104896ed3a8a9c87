"""SQL that a person wrote: what it may read, and that nothing else comes in or out.

Here: statements that try to leave the snapshot, on the real processes. Expected values come from the statements
themselves, or from DuckDB on the same file. Not here: queries that want too much (test_sql_limits.py), and the address
that answers SQL (test_sql_route.py).
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.portal.sql.limits import SqlLimits
from vsf_assets.portal.sql.runner import SqlError, SqlRunner
from vsf_assets.portal.sql.sandbox import landlock_version
from vsf_assets_tests.portal.hostile_sql import FILES, MORE, STATEMENTS
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.waiting import open_files

LIMITS = SqlLimits(seconds=10.0, memory_mb=64, rows=1000, answer_mb=2, needs_landlock=landlock_version() > 0)


@pytest.fixture(scope="module")
def snapshot(world: World) -> Path:
    return (world.snapshots / "current.duckdb").resolve()


@pytest.fixture(scope="module")
def runner() -> Iterator[SqlRunner]:
    """A runner with turns for all threads of a test."""
    made = SqlRunner()
    yield made
    made.close()


def kind_of(runner: SqlRunner, snapshot: Path, sql: str, limits: SqlLimits = LIMITS, account: str = "") -> str:
    """Return why a query gave no rows."""
    with pytest.raises(SqlError) as error:
        runner.run(snapshot, sql, limits, account)
    assert str(snapshot.parent) not in str(error.value), "a message tells a path"
    return error.value.kind


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select 42 as n, 'x' as t, null, true", [[42, "x", None, True]]),
        ("from (values (1), (2)) order by 1 desc", [[2], [1]]),
        ("values (1.50::decimal(5, 2), 0::decimal(38, 10))", [["1.50", "0.0000000000"]]),
        ("select 9007199254740993, 'nan'::float, '\\xAB'::blob", [["9007199254740993", "nan", "ab"]]),
        ("select [1, 2], {'a': date '2020-02-29'}", [[[1, 2], {"a": "2020-02-29"}]]),
        ("pivot (select 'k' as a, 2 as b) on a using sum(b)", [[2]]),
        ("with a as (select 3 as n) from a", [[3]]),
        ("select 1;", [[1]]),
        ("-- a comment\nselect 1 -- and one more", [[1]]),
    ],
)
def test_what_reads_is_answered(runner: SqlRunner, snapshot: Path, sql: str, rows: list[list[object]]) -> None:
    assert runner.run(snapshot, sql, LIMITS).rows == rows


def test_tables_can_be_listed_described_and_counted(runner: SqlRunner, snapshot: Path, world: World) -> None:
    listed = {row[2] for row in runner.run(snapshot, "show all tables", LIMITS).rows}
    assert {"dim_lines", "files"} <= listed
    described = runner.run(snapshot, "describe marts.dim_lines", LIMITS)
    assert described.columns[0] == ("column_name", "VARCHAR")
    assert runner.run(snapshot, "summarize marts.dim_lines", LIMITS).rows
    assert runner.run(snapshot, "explain select 1", LIMITS).rows
    (expected,) = world.query("select count(*), count(distinct mtn) from marts.dim_lines")
    counted = runner.run(snapshot, "select count(*), count(distinct mtn) from marts.dim_lines", LIMITS)
    assert counted.rows == [list(expected)]


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file that no query may read, and in which none may write."""
    folder = tmp_path_factory.mktemp("trap")
    (folder / "secret.csv").write_text("secret\nTOP-SECRET\n")
    return folder


@pytest.mark.parametrize("sql", [*FILES, *STATEMENTS, *MORE])
def test_nothing_but_the_snapshot_is_reached(runner: SqlRunner, snapshot: Path, trap: Path, sql: str) -> None:
    secret_frame = [1]  # the name of an object of this process, which a query may not see
    assert secret_frame
    text = sql.format(folder=trap, snapshot=snapshot)
    with pytest.raises(SqlError) as error:
        runner.run(snapshot, text, LIMITS)
    assert "root:" not in str(error.value)
    assert error.value.kind in ("refused", "failed")
    assert "TOP-SECRET" not in str(error.value)
    assert [path.name for path in trap.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select 1; select 2", "These are 2 statements"),
        ("pivot {t} on a; pivot {t} on b", "These are 2 statements"),
        ("select 1; pivot {t} on a; select 3", "These are 3 statements"),
        ("pivot {t} on a; copy (select 1) to 'x'", "download the answer"),
        ("copy (pivot {t} on a) to 'x'", "download the answer"),
        ("create temp table x as pivot {t} on a", "A snapshot cannot be changed"),
        ("create type t as enum ('a'); pivot {t} on a", "A snapshot cannot be changed"),
        ("explain pivot {t} on a", "EXPLAIN cannot stand before PIVOT"),
    ],
)
def test_a_refusal_says_why(runner: SqlRunner, snapshot: Path, sql: str, words: str) -> None:
    with pytest.raises(SqlError, match=words) as error:
        runner.run(snapshot, sql.format(t="(select 1 as a, 2 as b)"), LIMITS)
    assert error.value.kind == "refused"


def test_the_list_of_attempts_is_long() -> None:
    assert len(FILES) + len(STATEMENTS) >= 70


@pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")
def test_the_process_itself_reaches_nothing_when_duckdb_is_passed_by(snapshot: Path, trap: Path) -> None:
    """As if DuckDB had a hole: the same steps, and then Python itself tries."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        found = []
        try:
            from vsf_assets.portal.sql.sandbox import confine, limit_resources

            limit_resources(400_000_000, 5)
            os.listdir(trap)
            if len(os.listdir("/proc/self/task")) == 1:  # threads do not survive the fork
                confine(needs_landlock=True)
            for number, attempt in enumerate(
                (
                    lambda: (trap / "secret.csv").read_text(),
                    lambda: os.listdir(trap),
                    lambda: (trap / "new").write_text("x"),
                    lambda: (trap / "secret.csv").unlink(),
                    lambda: __import__("socket").create_connection(("127.0.0.1", 9), 1),
                    lambda: os.kill(os.getppid(), 0),
                    lambda: os.execv("/bin/true", ["true"]),
                )
            ):
                try:
                    attempt()
                except PermissionError:
                    found.append(number)
                except OSError as error:
                    found.append(-error.errno if error.errno else -1)
        finally:
            os.write(write, json.dumps(found).encode())
            os._exit(0)
    os.close(write)
    os.waitpid(process, 0)
    with os.fdopen(read) as pipe:
        refused = json.loads(pipe.read())
    assert refused[:5] == [0, 1, 2, 3, 4]
    assert refused[-1] == 6
    assert [path.name for path in trap.iterdir()] == ["secret.csv"]


def test_rows_beyond_the_limit_are_cut_and_said(runner: SqlRunner, snapshot: Path) -> None:
    limits = replace(LIMITS, rows=7)
    exactly, more = (runner.run(snapshot, f"from range({count})", limits) for count in (7, 8))
    assert (len(exactly.rows), exactly.is_cut) == (7, False)
    assert (len(more.rows), more.is_cut) == (7, True)


def test_long_and_odd_texts_are_refused_before_a_process_is_made(runner: SqlRunner, snapshot: Path) -> None:
    assert kind_of(runner, snapshot, "select 1" + " " * 100_000) == "refused"
    assert kind_of(runner, snapshot, "select 1\0") == "refused"


def children(process: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_nothing_is_left_after_many_queries_and_a_killed_server(snapshot: Path) -> None:
    runner = SqlRunner()
    assert runner.run(snapshot, "select 1", LIMITS).rows == [[1]]
    server = runner._server
    assert server is not None
    before = Counter(open_files())
    texts = ["select 1", "selec", "select pg_sleep(9)", "from range(100000)", "select 1; select 2"] * 2
    threads = [threading.Thread(target=lambda sql=sql: _any(runner, snapshot, sql), daemon=True) for sql in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Counter(open_files()) - before == Counter()  # what earlier tests have left open may close meanwhile
    deadline = time.monotonic() + 10
    while children(server.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(server.pid) == []
    assert len(os.listdir(f"/proc/{server.pid}/fd")) < 20
    os.kill(server.pid, signal.SIGKILL)
    server.wait(10)
    assert runner.run(snapshot, "select 2", LIMITS).rows == [[2]]
    other = runner._server
    assert other is not None
    assert other.pid != server.pid
    runner.close()
    assert other.poll() is not None


def _any(runner: SqlRunner, snapshot: Path, sql: str) -> None:
    try:
        runner.run(snapshot, sql, replace(LIMITS, seconds=0.5))
    except SqlError as error:
        assert error.kind in ("failed", "time", "refused", "busy", "ended")


def test_running_queries_end_with_the_one_who_asked(snapshot: Path) -> None:
    runner = SqlRunner()
    thread = threading.Thread(target=_any, args=(runner, snapshot, "select pg_sleep(30)"), daemon=True)
    thread.start()
    while runner._server is None or not children(runner._server.pid):
        time.sleep(0.01)
    (query,) = children(runner._server.pid)
    runner.close()
    thread.join(10)
    assert not thread.is_alive()
    assert not Path(f"/proc/{query}").exists()
