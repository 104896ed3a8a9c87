"""Queries that want too much: what ends them, and how many may run and wait.

Here: queries that try to take the machine, and turns, on the real processes. Each query wants many times what its limit
allows, so that it ends by the limit on a fast machine too. Not here: what a query may read (test_sql.py).
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.portal.sql import runner as sql_runner
from vsf_assets.portal.sql.runner import SqlError, SqlRunner
from vsf_assets.snapshots import query_turns
from vsf_assets_tests.portal.hostile_sql import BOMBS
from vsf_assets_tests.portal.test_sql import LIMITS, kind_of, runner, snapshot
from vsf_assets_tests.waiting import wait_until

__all__ = ["runner", "snapshot"]


@pytest.mark.parametrize("name", BOMBS)
def test_a_query_that_wants_too_much_is_ended_and_the_next_one_is_answered(
    runner: SqlRunner, snapshot: Path, name: str
) -> None:
    sql, ends = BOMBS[name]
    began = time.monotonic()
    limits = replace(LIMITS, seconds=0.7)
    assert len(BOMBS) >= 15
    assert kind_of(runner, snapshot, sql, limits) in ends
    assert time.monotonic() - began < limits.seconds + sql_runner.LATER + 3
    assert runner.run(snapshot, "select 1", LIMITS).rows == [[1]]


@pytest.mark.parametrize("sql", ["select {}", "pivot (select range as r from range({count})) on r using count(*)"])
def test_an_answer_has_so_many_columns_and_no_more(runner: SqlRunner, snapshot: Path, sql: str) -> None:
    limits = replace(LIMITS, columns=30)
    for count in (30, 31):
        text = sql.format(", ".join("1" for _ in range(count)), count=count)
        if count == 30:
            assert len(runner.run(snapshot, text, limits).columns) == 30
        else:
            with pytest.raises(SqlError, match="the answer has 31 columns, and 30 are allowed") as error:
                runner.run(snapshot, text, limits)
            assert error.value.kind == "too_large"


def test_no_more_queries_wait_than_threads_can_be_spared(
    runner: SqlRunner, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_turns, "SHORT_PATIENCE", 0.01)
    monkeypatch.setattr(query_turns, "PATIENCE", 60.0)
    answers: list[int] = []

    def wait(account: str) -> threading.Thread:
        thread = threading.Thread(
            target=lambda: answers.append(len(runner.run(snapshot, "select 1", LIMITS, account).rows)), daemon=True
        )
        thread.start()
        return thread

    def waiting() -> int:
        return runner._turns._waiting.total()

    def is_busy(account: str) -> bool:
        return kind_of(runner, snapshot, "select 1", LIMITS, account) == "busy"

    with runner._turns.turn("ann", ""):
        threads = [wait("ann")]  # one account runs one query, and lets one wait
        wait_until(lambda: waiting() == 1)
        assert is_busy("ann")
        assert runner.run(snapshot, "select 2", LIMITS, "bob").rows == [[2]]
        with runner._turns.turn("bob", ""):
            threads.append(wait("bob"))
            wait_until(lambda: waiting() == 2)
            assert is_busy("eve")
            assert not answers
    for thread in threads:
        thread.join(30)
    assert answers == [1, 1]
