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
from vsf_assets.portal.sql.runner import SqlRunner
from vsf_assets.snapshots import query_turns
from vsf_assets_tests.portal.test_sql import LIMITS, kind_of, runner, snapshot
from vsf_assets_tests.waiting import wait_until

__all__ = ["runner", "snapshot"]

TOO_MUCH = {"too_large", "ended", "time"}
"""Which limit is met first depends on the machine."""

BOMBS = {
    "rows in memory": ("select list(range) from range(100000000)", TOO_MUCH),
    "one long text": ("select repeat('x', 1000000000)", TOO_MUCH),
    "long texts": ("select repeat('x', 1000000) from range(1000)", TOO_MUCH),
    "an answer too large": ("select repeat('x', 10000) from range(1000)", {"too_large"}),
    "a sort": ("select hash(range) from range(50000000) order by 1 limit 1 offset 49999999", TOO_MUCH),
    "a join of all with all": (
        "select count(*) from range(10000000) a, range(10000000) b where a.range = -b.range - 1"
        " or hash(a.range, b.range) = 1",
        TOO_MUCH,
    ),
    "endless recursion": (
        "with recursive t as (select 1 as n union all select n + 1 from t) select max(n) from t",
        TOO_MUCH,
    ),
    "recursion that grows": (
        "with recursive t as (select 'x' as s union all select s || s from t) select max(length(s)) from t",
        TOO_MUCH,
    ),
    "groups": (
        "select hash(range), count(*) from range(50000000) group by 1 order by 2 limit 1",
        TOO_MUCH,
    ),
    "distinct": ("select count(distinct hash(range)) from range(50000000)", TOO_MUCH),
    "a window": ("select sum(range) over (order by hash(range)) from range(50000000)", TOO_MUCH),
    "a regular expression": (
        "select count(*) from range(100000000) where regexp_matches(repeat('a', 5000) || range, '(a*)*(a*)*(a*)*b')",
        TOO_MUCH,
    ),
    "similar to": (
        "select count(*) from range(100000) where repeat('a', 5000) similar to '((a{1,100}){1,100})b'",
        {"failed", *TOO_MUCH},
    ),
    "many columns": (
        "select " + ",".join(f"hash({n}) as c{n}" for n in range(5000)) + " from range(1000000)",
        TOO_MUCH,
    ),
    "nested parentheses": ("select " + "(" * 40000 + "1" + ")" * 40000, {"failed", *TOO_MUCH}),
    "nested lists": ("select " + "[" * 40000 + "1" + "]" * 40000, {"failed", *TOO_MUCH}),
    "negations": ("select " + "not " * 20000 + "true", {"failed", *TOO_MUCH}),
    "series": ("select unnest(generate_series(1, 100000000)) as n order by n desc", TOO_MUCH),
    "sleep": ("select pg_sleep(60)", {"failed", *TOO_MUCH}),
    "levenshtein": (
        "select sum(levenshtein(repeat('a', 20000) || range, repeat('b', 20000))) from range(1000)",
        TOO_MUCH,
    ),
}
"""Queries that want more than there is -> how they may end."""


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
