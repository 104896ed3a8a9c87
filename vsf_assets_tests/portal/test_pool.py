"""The pool of snapshots: one snapshot per block, swaps without a restart, and limits.

Here: small snapshots that tests write. Not here: pages (test_tables.py).
"""

import threading
import time
from pathlib import Path

import duckdb
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.snapshots import kept_answers
from vsf_assets.snapshots.kept_answers import KeptAnswers, size_of
from vsf_assets.snapshots.pool import (
    NoSnapshotError,
    QueryBudget,
    QueryLimits,
    QueryTooLargeError,
    Rows,
    SnapshotPool,
    TooManyQueriesError,
)
from vsf_assets.snapshots.query_turns import AT_ONCE, EXPORTS_AT_ONCE, WAITING, WAITING_OF_ACCOUNT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"VSF_HOME": str(tmp_path / "home")})


def publish(settings: Settings, number: int) -> None:
    folder = Path(settings.snapshots)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / f"vsf-{number}.duckdb")) as connection:
        connection.execute(f"create table t as select {number} as n")
    link = folder / "next"
    link.symlink_to(f"vsf-{number}.duckdb")
    link.replace(folder / "current.duckdb")


def pool_of(settings: Settings, seconds: float = 5.0, memory: int = 200 * 10**6) -> SnapshotPool:
    return SnapshotPool(settings, QueryLimits(seconds, memory, settings.home / "exports"))


def test_without_a_snapshot_the_reader_is_told_what_to_do(settings: Settings) -> None:
    with pytest.raises(NoSnapshotError, match="vsf run"), pool_of(settings).current():
        pass


def test_a_block_keeps_its_snapshot_and_the_next_one_sees_the_new(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current() as first:
        publish(settings, 2)
        with pool.current() as second:
            assert (first.number, first.query("from t").rows) == (1, [(1,)])
            assert (second.number, second.query("from t").rows) == (2, [(2,)])
        (Path(settings.snapshots) / "vsf-1.duckdb").unlink()
        assert first.query("from t").rows == [(1,)]
    with pytest.raises(duckdb.ConnectionException):
        first.connection.execute("from t")  # its last reader has left
    with pool.current() as again:
        assert again is second
    pool.close()


def test_small_answers_are_kept_for_one_snapshot_and_the_oldest_are_dropped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.snapshots import kept_answers as module

    monkeypatch.setattr(module, "KEPT_ANSWERS", 2)
    publish(settings, 1)
    pool = pool_of(settings)
    sql, large = "select n + $x from t", "select n + $x from t, range(3)"
    with pool.current() as first:
        assert [first.kept(sql, {"x": x}).rows for x in (1, 2, 1, 3)] == [[(2,)], [(3,)], [(2,)], [(4,)]]
        assert len(first.kept(large, {"x": 4}, largest=2).rows) == 3
        monkeypatch.setattr(type(first), "query", None)  # what is kept is not asked again
        assert first.kept(sql, {"x": 3}).rows == [(4,)]
        assert first.kept(sql, {"x": 2}).rows == [(3,)]
        for query, x in ((sql, 1), (large, 4)):
            with pytest.raises(TypeError):
                first.kept(query, {"x": x})
        monkeypatch.undo()
    publish(settings, 2)
    with pool.current() as second:
        assert second.kept(sql, {"x": 3}).rows == [(5,)]
    pool.close()


def test_answers_with_long_texts_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "KEPT_BYTES", 12_000)
    kept = KeptAnswers()
    page = Rows(["text"], ["VARCHAR"], [("x" * 1000,)] * 3)
    for number in range(10):
        kept.keep(number, page)
        assert kept.size <= 12_000
    assert list(kept) == [7, 8, 9]  # each takes 3,000 characters and some more
    for number in (8, 9, 9):
        kept.keep(number, page)  # the same again takes no more
    assert sorted(map(str, kept)) == ["7", "8", "9"]
    kept.keep("too large", [page.rows[0]] * 11)
    assert kept.get("too large") is None
    assert kept.get(7) is page
    for number in range(10, 13):
        kept.keep(number, "short")
    assert len(kept) == 6
    assert kept.size == sum(map(size_of, [page] * 3)) + sum(map(size_of, ["short"] * 3)) + 6 * size_of(0)


def test_a_snapshot_that_vanishes_leaves_the_open_one(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current():
        pass
    (Path(settings.snapshots) / "current.duckdb").unlink()
    (Path(settings.snapshots) / "current.duckdb").symlink_to("vsf-9.duckdb")
    with pool.current() as found:
        assert found.number == 1
    pool.close()


def test_a_restored_snapshot_of_the_same_name_is_opened_while_the_earlier_one_is_read(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    folder = Path(settings.snapshots)
    with pool.current() as first:
        restored = folder / "restored"
        with duckdb.connect(str(restored)) as connection:
            connection.execute("create table t as select 77 as n")
        restored.replace(folder / "vsf-1.duckdb")
        with pool.current() as second:
            assert (second.number, second.query("from t").rows) == (1, [(77,)])
            with pytest.raises(duckdb.Error):
                second.query("set memory_limit = '10GB'")
        assert first.query("from t").rows == [(1,)]
    pool.close()


class Bucket:
    """A pointer that hangs or fails when a test wants it."""

    seconds = 0.0

    def __init__(self, snapshot: Path) -> None:
        self.snapshot, self.error = snapshot, ""
        self.requested, self.answers = threading.Event(), threading.Event()

    def current(self) -> tuple[str, Path]:
        self.requested.set()
        assert self.answers.wait(10)
        if self.error:
            raise VsfError(self.error)
        return self.snapshot.name, self.snapshot


def test_a_bucket_that_hangs_keeps_nobody_from_the_open_snapshot(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.snapshots import pool as module

    publish(settings, 1)
    bucket = Bucket(Path(settings.snapshots) / "vsf-1.duckdb")
    monkeypatch.setattr(module, "PointerWatch", lambda _: bucket)
    bucket.answers.set()
    pool = pool_of(settings)
    with pool.current() as first:
        bucket.requested.clear()
        bucket.answers.clear()

        def read() -> None:
            with pool.current():
                pass

        looking = threading.Thread(target=read)
        looking.start()
        assert bucket.requested.wait(5)
        began = time.monotonic()
        with pool.current() as second:
            assert second is first
        assert time.monotonic() - began < 1
    bucket.answers.set()
    looking.join()
    pool.close()


def test_a_bucket_that_fails_leaves_the_open_snapshot_and_is_logged_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from vsf_assets.snapshots import pool as module

    publish(settings, 1)
    bucket = Bucket(Path(settings.snapshots) / "vsf-1.duckdb")
    monkeypatch.setattr(module, "PointerWatch", lambda _: bucket)
    bucket.answers.set()
    pool = pool_of(settings)
    bucket.error = "the bucket is away"
    with pytest.raises(NoSnapshotError, match="cannot be opened at the moment"), pool.current():
        pass
    bucket.error = ""
    with pool.current():
        pass
    bucket.error = "the bucket is away again"
    for _ in range(3):
        with pool.current() as found:
            assert found.query("from t").rows == [(1,)]
    assert [record.getMessage() for record in caplog.records if "away again" in record.getMessage()] == [
        "the current snapshot cannot be opened: the bucket is away again"
    ]
    pool.close()


def test_a_query_ends_at_its_time_limit_and_the_next_one_works(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current() as snapshot:
        with pytest.raises(QueryTooLargeError, match=r"longer than 0\.2 s"):
            snapshot.query(
                "select count(*) from range(10_000_000) a, range(100_000) b where a.range + b.range = 3", seconds=0.2
            )
        assert snapshot.query("from t").rows == [(1,)]
    pool.close()


def test_a_query_has_no_more_memory_than_it_may(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings, memory=20 * 10**6)
    with pool.current() as snapshot:
        with pytest.raises(QueryTooLargeError, match="memory"):
            snapshot.query("select list(range || 'some text') from range(3_000_000)")
        assert snapshot.query("from t").rows == [(1,)]
    pool.close()


class Crowd:
    """Queries that run until the block ends, each in a thread and with a turn."""

    def __init__(self, limits: QueryLimits, accounts: list[str], is_export: bool = False) -> None:
        self.go_on, self.began = threading.Event(), threading.Barrier(len(accounts) + 1)
        hold = (limits, is_export)
        self.threads = [threading.Thread(target=self.hold, args=(*hold, account)) for account in accounts]

    def hold(self, limits: QueryLimits, is_export: bool, account: str) -> None:
        with limits.turn(QueryBudget(account), is_export):
            self.began.wait(5)
            self.go_on.wait(5)

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        self.began.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join()


def test_more_queries_at_once_than_there_are_turns_wait_and_then_give_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.snapshots import query_turns as module

    monkeypatch.setattr(module, "PATIENCE", 0.05)
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current() as snapshot:
        with Crowd(snapshot.limits, [""] * AT_ONCE), pytest.raises(TooManyQueriesError, match="try again"):
            snapshot.query("from t")
        assert snapshot.query("from t").rows == [(1,)]
    pool.close()


def waiting(limits: QueryLimits, accounts: list[str]) -> tuple[list[threading.Thread], list[str]]:
    """Begin to wait for turns; return the threads, and the accounts that got a turn, as they do."""
    given: list[str] = []

    def wait(account: str) -> None:
        with limits.turn(QueryBudget(account)):
            given.append(account)

    threads = [threading.Thread(target=wait, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while limits._pages._waiting.total() < len(accounts) and time.monotonic() < deadline:
        time.sleep(0.001)
    return threads, given


def test_queries_of_one_account_run_one_after_the_other_and_few_of_it_wait(settings: Settings) -> None:
    limits = QueryLimits(5.0, 10**8, settings.home)
    with Crowd(limits, ["ann"]):
        threads, given = waiting(limits, ["ann"] * WAITING_OF_ACCOUNT)
        with pytest.raises(TooManyQueriesError), limits.turn(QueryBudget("ann")):
            pass
        with limits.turn(QueryBudget("bob")):
            assert given == []
    for thread in threads:
        thread.join(5)
    assert given == ["ann"] * WAITING_OF_ACCOUNT


def test_few_queries_wait_so_that_threads_are_left_for_pages_without_one(settings: Settings) -> None:
    limits = QueryLimits(5.0, 10**8, settings.home)
    with Crowd(limits, [str(number) for number in range(AT_ONCE)]):
        threads, given = waiting(limits, [f"w{number}" for number in range(WAITING)])
        began = time.monotonic()
        with pytest.raises(TooManyQueriesError), limits.turn(QueryBudget("one more")):
            pass
        assert time.monotonic() - began < 1
    for thread in threads:
        thread.join(5)
    assert len(given) == WAITING


def test_exports_have_turns_of_their_own_and_do_not_wait(settings: Settings) -> None:
    limits = QueryLimits(5.0, 10**8, settings.home)
    with Crowd(limits, ["ann", "bob"][:EXPORTS_AT_ONCE], is_export=True):
        with limits.turn(QueryBudget("ann")):
            pass
        with pytest.raises(TooManyQueriesError, match="in a minute"), limits.turn(QueryBudget("cat"), is_export=True):
            pass
    with Crowd(limits, ["ann"], is_export=True), pytest.raises(TooManyQueriesError):
        limits.turn(QueryBudget("ann"), is_export=True).__enter__()


def test_all_queries_of_a_request_end_at_its_one_deadline(settings: Settings) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    slow = "select count(*) from range(10_000_000) a, range(100_000) b where a.range + b.range = 3"
    with pool.current() as shared:
        snapshot = shared.for_request(QueryBudget("ann", time.monotonic() + 0.15, 0.15))
        began = time.monotonic()
        for sql in (slow, "from t"):
            with pytest.raises(QueryTooLargeError, match=r"longer than 0\.15 s"):
                snapshot.query(sql)
        assert time.monotonic() - began < 2
        assert shared.query("from t").rows == [(1,)]
    pool.close()


def test_an_answer_has_no_more_characters_than_it_may(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.snapshots import open_snapshot as module

    monkeypatch.setattr(module, "RESULT_CHARACTERS", 1000)
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current() as snapshot:
        assert len(snapshot.query("select repeat('x', 10) as text, n from t, range(100)").rows) == 100
        for sql in ("select repeat('x', 11) as text, n from t, range(100)", "select [repeat('x', 1001)] as texts"):
            with pytest.raises(QueryTooLargeError, match="long texts"):
                snapshot.query(sql)
    pool.close()


@pytest.mark.parametrize(
    "sql",
    [
        "from read_text('/etc/passwd')",
        "copy (select 1) to '/tmp/evil.csv'",
        "attach ':memory:' as other; copy t to '/tmp/evil.csv'",
        "set enable_external_access = true",
        "set memory_limit = '10GB'",
        "insert into t values (2)",
        "install httpfs",
    ],
)
def test_the_connection_reaches_no_other_file(settings: Settings, sql: str) -> None:
    publish(settings, 1)
    pool = pool_of(settings)
    with pool.current() as snapshot, pytest.raises(duckdb.Error):
        snapshot.query(sql)
    pool.close()
