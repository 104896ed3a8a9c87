"""Commits in a thread of their own: told when done, done when left, and never told when they fail."""

from pathlib import Path

import duckdb
import pytest

from vsf_assets.warehouse.async_commits import Commits


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with duckdb.connect(tmp_path / "w.duckdb") as connection:
        connection.execute("create table t (n bigint primary key)")
    return tmp_path / "w.duckdb"


def numbers(file: Path) -> list[int]:
    with duckdb.connect(file, read_only=True) as connection:
        return [n for (n,) in connection.execute("select n from t order by n").fetchall()]


def test_what_was_committed_is_told_in_order_and_done_when_left(file: Path) -> None:
    reported: list[int] = []
    with duckdb.connect(file) as connection, Commits(connection) as commits:
        for n in range(3):
            commits.wait()
            assert reported == list(range(n))
            connection.execute(f"begin transaction; insert into t values ({n})")
            commits.start()
            commits.then(lambda n=n: reported.append(n))  # type: ignore[misc]
    assert reported == [0, 1, 2]
    assert numbers(file) == [0, 1, 2]


def test_a_commit_that_fails_is_not_told(file: Path) -> None:
    reported: list[int] = []
    with duckdb.connect(file) as connection:
        other = connection.cursor()
        other.execute("begin transaction; insert into t values (1)")
        connection.execute("begin transaction; insert into t values (1)")
        other.commit()
        with pytest.raises(duckdb.Error, match=r"(?i)duplicate|constraint|conflict"), Commits(connection) as commits:
            commits.start()
            commits.then(lambda: reported.append(1))
    assert reported == []
    assert numbers(file) == [1]


def test_what_was_started_is_done_although_its_caller_fails(file: Path) -> None:
    with (
        pytest.raises(OSError, match="the next file"),
        duckdb.connect(file) as connection,
        Commits(connection) as commits,
    ):
        connection.execute("begin transaction; insert into t values (1)")
        commits.start()
        raise OSError("the next file cannot be read")
    assert numbers(file) == [1]
