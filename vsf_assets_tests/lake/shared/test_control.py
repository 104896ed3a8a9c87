"""The control schema, locks and runs of a shared lake, without DuckDB.

Here: what they do when nothing goes wrong, and who is refused. Not here: attacks.
"""

import threading

import psycopg
import pytest

from vsf_assets.common.errors import LockLostError, LockTimeoutError, VsfError
from vsf_assets.warehouse.shared import control
from vsf_assets.warehouse.shared.locks import LockSession, dead_runs, forget_runs, living_runs
from vsf_assets_tests.lake.shared.attackers import is_waiting
from vsf_assets_tests.lake.shared.small_lake import SmallLake
from vsf_assets_tests.waiting import wait_until


@pytest.fixture
def lake(catalog: str, tmp_path) -> SmallLake:
    found = SmallLake(catalog, tmp_path)
    with found.control() as connection:
        control.create_control(connection)
        control.create_control(connection)  # a second time changes nothing
    return found


def test_each_take_has_an_epoch_and_a_word_of_its_own(lake: SmallLake) -> None:
    texts = []
    with lake.session("one") as session:
        for _ in range(2):
            with session.hold("commit", "test") as token:
                texts.append(token.text(7))
        with session.hold("build", "test") as build:
            assert build.text().startswith("b1:")
            with session.hold("commit", "test") as both:
                assert both.text(9) == f"{build.text()},c3:{both.locks[1].word}@9"
    first, second = texts
    assert (first[:3], second[:3], first[-2:]) == ("c1:", "c2:", "@7")
    assert first[3:-2] != second[3:-2]


def test_a_lock_excludes_and_the_one_who_waits_learns_who_holds_it(lake: SmallLake) -> None:
    said = []
    with lake.session("run-1") as holder, holder.hold("commit", "store clicks.csv"):
        with lake.session("run-2", wait=0.0) as other:
            held = pytest.raises(LockTimeoutError, match=r"held by run-1 store clicks\.csv")
            with held, other.hold("commit", "store"):
                pass
            with other.hold("build", "build"):  # another lock is free
                pass
        waiting = LockSession(lake.catalog, "run-3", on_wait=said.append, takeover_seconds=0.9)
        got = threading.Event()

        def wait() -> None:
            with waiting.hold("commit", "store"):
                got.set()

        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: said)
        assert not got.is_set()
    wait_until(got.is_set)
    thread.join()
    waiting.close()
    assert len(said) == 1
    assert "run-1 store clicks.csv" in said[0]


def test_the_build_lock_comes_first_and_each_once(lake: SmallLake) -> None:
    with lake.session("one") as session, session.hold("commit", "test"):
        for name in ("commit", "build"):
            with pytest.raises(RuntimeError, match="is taken before"), session.hold(name, "test"):
                pass


def test_a_lock_is_free_after_a_failure_of_taking_it(lake: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with lake.session("one") as session, lake.session("two", wait=0.0) as other:
        with monkeypatch.context() as patch:
            patch.setattr(LockSession, "_raise_epoch", interrupt)
            with pytest.raises(KeyboardInterrupt), session.hold("commit", "test"):
                pass
        with other.hold("commit", "test"):
            pass


def test_a_generation_is_started_and_swapped_under_the_locks(lake: SmallLake) -> None:
    with lake.session("one") as session:
        with session.hold("build", "rebuild") as build, session.connection() as connection:
            with pytest.raises(VsfError, match="vsf prepare"):
                control.current_generation(connection)
            first = control.start_generation(connection, build.locks)
            assert control.generations(connection) == control.Generations(None, first)
            with pytest.raises(LockLostError, match="commit"):
                control.swap_generation(connection, build.locks, first)
            second = control.start_generation(connection, build.locks)
            assert second > first
            with session.hold("commit", "swap") as both:
                assert both.generation is None
                with pytest.raises(VsfError, match="vsf rebuild"):
                    control.swap_generation(connection, both.locks, first)
                control.record_versions(connection, both.locks, second, {"vsf": "1.0", "raw.clicks": "abc"})
                control.record_versions(connection, both.locks, second, {"vsf": "1.1"})
                control.swap_generation(connection, both.locks, second)
        with session.hold("commit", "store") as token, session.connection() as connection:
            assert token.generation == second == control.current_generation(connection)
            assert control.recorded_versions(connection, second) == {"vsf": "1.1"}
            with pytest.raises(LockLostError, match="nothing was changed"):
                control.swap_generation(connection, both.locks, second)


def test_a_database_without_a_lake_is_refused(catalog: str) -> None:
    with pytest.raises(VsfError, match="vsf prepare"):
        LockSession(catalog, "one")


def test_a_run_that_ends_is_forgotten_and_one_that_is_killed_is_dead(lake: SmallLake) -> None:
    with lake.control() as connection:
        living = lake.session("living")
        lake.session("ended").close()
        killed = lake.session("killed")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed'")
        wait_until(lambda: dead_runs(connection) == ["killed"])
        assert living_runs(connection) == {"living"}
        killed.close()
        assert dead_runs(connection) == ["killed"]
        with lake.session("killed"):  # the same run again
            assert dead_runs(connection) == []
            forget_runs(connection, ["killed", "living"])
            with pytest.raises(LockTimeoutError, match="the run living is held by living"):
                lake.session("living", wait=0.0)
        living.close()
        assert connection.execute("select run_id from vsf.runs").fetchall() == []


def test_a_session_that_works_is_not_taken_over_however_long_it_takes(lake: SmallLake) -> None:
    quick, ends = SmallLake(lake.catalog, lake.folder, takeover=1.0), list[str]()
    with (
        quick.session("one") as session,
        quick.session("two", wait=2.0) as other,
        session.hold("commit", "test"),
        session.connection() as busy,
    ):
        waiting = threading.Thread(target=lambda: ends.append(wait_for(other)))
        waiting.start()
        busy.execute("select pg_sleep(3)")  # one statement, so the thread of the session says nothing meanwhile
        waiting.join()
        assert busy.execute("select 1").fetchone() == (1,)
    assert ends == ["LockTimeoutError"]


def wait_for(session: LockSession) -> str:
    try:
        with session.hold("commit", "test"):
            return "taken"
    except VsfError as error:
        return type(error).__name__


def test_a_session_of_another_database_is_left_alone(lake: SmallLake, server: str) -> None:
    quick = SmallLake(lake.catalog, lake.folder, takeover=1.0)
    with quick.session("one") as session, psycopg.connect(server, autocommit=True) as elsewhere:
        with session.connection() as connection:
            key = control.control_id(connection)
        elsewhere.execute("select pg_advisory_lock(%s, 2)", [key])  # the same key, silent for long
        with session.hold("commit", "test"), quick.session("two", wait=2.0) as other:
            assert wait_for(other) == "LockTimeoutError"
        assert elsewhere.execute("select 1").fetchone() == (1,)


def test_who_takes_a_lock_waits_for_a_transaction_that_has_checked_it(lake: SmallLake) -> None:
    with lake.session("one") as session, lake.control() as checking, lake.control() as connection:
        with session.hold("build", "test") as token, checking.transaction():
            control.check_locks(checking, token.locks)
            with session.connection() as held:
                held.execute("select pg_advisory_unlock_all()")
            other = lake.session("two")
            ends: list[str] = []
            waiting = threading.Thread(target=lambda: ends.append(epoch_of_build(other)))
            waiting.start()
            wait_until(lambda: is_waiting(connection, "two"))
            assert ends == []
        waiting.join()
        other.close()
        assert ends == ["b2"]
        with pytest.raises(LockLostError, match="has taken the build lock"), checking.transaction():
            control.check_locks(checking, token.locks)


def epoch_of_build(session: LockSession) -> str:
    with session.hold("build", "test") as token:
        return token.text().partition(":")[0]


def test_a_lost_session_stays_lost(lake: SmallLake) -> None:
    with lake.session("one") as session, lake.control() as connection:
        with session.hold("commit", "test") as token:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'one%'"
            )
            with pytest.raises(LockLostError, match="stores nothing more"), session.connection() as lost:
                lost.execute("select 1")
            with pytest.raises(LockLostError):
                token.text(1)
        with pytest.raises(LockLostError), session.hold("commit", "test"):
            pass


def test_the_thread_of_a_session_notices_that_it_is_lost(lake: SmallLake) -> None:
    quick = SmallLake(lake.catalog, lake.folder, takeover=0.6)
    with quick.session("one") as session, lake.control() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one'")

        def is_lost() -> bool:
            try:
                session.check_alive()
            except LockLostError:
                return True
            return False

        wait_until(is_lost)


def test_names_of_sessions_are_what_postgresql_keeps(lake: SmallLake) -> None:
    run = "0123456789abcdef0123456789abcdef0123"
    with lake.session(run) as session, lake.control() as connection:
        with session.hold("commit", "store größe\n" + "x" * 80):
            (name,) = connection.execute(
                "select application_name from pg_stat_activity where application_name like %s", [f"{run}%"]
            ).fetchone()  # type: ignore[misc]
            assert name == f"{run} store gr??e?" + "x" * (63 - len(run) - 13)
        assert connection.execute(
            "select count(*) from pg_stat_activity where application_name = %s", [run]
        ).fetchone() == (1,)


def test_the_restart_of_a_lake_has_other_keys(catalog: str, tmp_path) -> None:
    with psycopg.connect(catalog, autocommit=True) as connection:
        control.create_control(connection)
        before = control.control_id(connection)
        connection.execute("drop schema vsf cascade")
        with pytest.raises(VsfError):
            control.control_id(connection)
        control.create_control(connection)
        assert control.control_id(connection) != before
