"""The fence of a shared lake: which commits PostgreSQL refuses.

Here: each kind of change, each reason. Not here: races, and processes that are stopped.
"""

from contextlib import closing

import duckdb
import pytest

from vsf_assets.warehouse.shared.fence import MARK, RETRIED, SESSION_SETTING
from vsf_assets.warehouse.shared.locks import ANY_SNAPSHOT
from vsf_assets_tests.lake.shared.small_lake import STORED_ONCE, SmallLake, deliver


@pytest.fixture
def lake(catalog: str, tmp_path) -> SmallLake:
    found = SmallLake(catalog, tmp_path)
    found.prepare()
    return found


def test_a_delivery_under_the_lock_is_stored_once(lake: SmallLake) -> None:
    with lake.session("one") as session, closing(lake.attach()) as connection:
        assert lake.store(session, connection, "a.csv")
        assert not lake.store(session, connection, "a.csv")
    assert lake.content() == {"a.csv": STORED_ONCE}


CHANGES = {
    "create": "create table lake.other (i integer)",
    "alter": "alter table lake.rows add column more integer",
    "drop": "drop table lake.rows",
    "view": "create view lake.v as select 1 as i",
    "comment": "comment on table lake.rows is 'text'",
    "insert": "insert into lake.rows values ('b.csv', 1)",
    "update": "update lake.rows set line = 9",
    "delete": "delete from lake.rows where line = 1",
    "truncate": "delete from lake.rows",
    "add files": "call ducklake_add_data_files('lake', 'rows', '{folder}/part.parquet')",
    "merge": "call ducklake_merge_adjacent_files('lake')",
    "rewrite": "call ducklake_rewrite_data_files('lake', 'rows', delete_threshold => 0)",
}


def test_every_change_without_a_lock_is_refused_at_once(lake: SmallLake) -> None:
    with lake.session("one") as session, closing(lake.attach()) as connection:
        for file in ("a.csv", "b.csv"):
            lake.store(session, connection, file)
        with session.hold("commit", "delete") as token:
            connection.execute("begin")
            connection.execute("call ducklake_set_commit_message('lake', '', '', extra_info => ?)", [token.text(99)])
            connection.execute("delete from lake.rows where file = 'a.csv' and line = 0")
            connection.execute("commit")
        connection.execute(f"copy (select 'c.csv' as file, 1::integer as line) to '{lake.folder}/part.parquet'")
        before = lake.content()
        with lake.control() as control:
            commits = "select count(*) from vsf_g1.ducklake_snapshot"
            known = control.execute(commits).fetchall()
            for name, change in CHANGES.items():
                # Ten retries of DuckLake would take a minute: it waits longer each time.
                with pytest.raises(duckdb.Error) as refused:
                    connection.execute(change.format(folder=lake.folder))
                assert MARK in str(refused.value), (name, refused.value)
            assert control.execute(commits).fetchall() == known
    assert lake.content() == before
    assert before == {"a.csv": STORED_ONCE - 1, "b.csv": STORED_ONCE}


def message_of(lake: SmallLake, text: str | None, generation: int = 1) -> str:
    """Commit with this text; return what the fence said, and nothing if it let the commit pass."""
    with closing(lake.attach(generation)) as connection:
        connection.execute("begin")
        connection.execute("call ducklake_set_commit_message('lake', '', '', extra_info => ?)", [text])
        connection.execute("insert into lake.rows values ('x', 1)")
        try:
            connection.execute("commit")
        except duckdb.Error as error:
            said = str(error)
            assert MARK in said
            return said[said.index(MARK) :].splitlines()[0]
        return ""


def test_every_text_that_does_not_show_a_held_lock_is_refused(lake: SmallLake) -> None:
    with lake.session("one") as session, session.hold("build", "test") as build, session.hold("commit", "") as both:
        b, c = both.text(99).split(",")
        word = both.locks[1].word
        epoch = both.locks[1].epoch
        malformed = [None, "", "x", " ", b + c, f"{c},{b}", f"{b},", c.replace("@99", ""), f"{c} ", f"{b}\n{c}"]
        assert {message_of(lake, text) for text in malformed} == {
            f"{MARK} a commit to the lake shows that it holds a lock of the lake; this one does not"
        }
        other = [f"c{epoch}:{'0' * len(word)}@99", f"c{epoch + 1}:{word}@99", f"c{epoch - 1}:{word}@99"]
        other.append(f"{b},{other[0]}")
        assert {message_of(lake, text) for text in other} == {f"{MARK} the commit lock was taken by another process"}
        assert message_of(lake, b.replace(":", ":0")) == f"{MARK} the build lock was taken by another process"
        assert [message_of(lake, text) for text in (c, b, f"{b},{c}", build.text())] == [""] * 4


def test_a_program_shows_the_build_lock_by_a_setting_of_its_session(lake: SmallLake) -> None:
    with (
        lake.session("one") as session,
        session.hold("build", "build") as token,
        closing(lake.attach(options=f"-c {SESSION_SETTING}={token.text()}")) as dbt,
    ):
        dbt.execute("create table lake.mart as select 1 as i")
        dbt.execute("begin; insert into lake.mart values (2); commit")
        with lake.control() as control:
            commits = "select commit_extra_info from vsf_g1.ducklake_snapshot_changes order by snapshot_id desc limit 2"
            assert control.execute(commits).fetchall() == [(token.text(),)] * 2
        assert message_of(lake, None) != ""
        # A text of its own counts more than that of the session.
        dbt.execute("begin")
        dbt.execute("call ducklake_set_commit_message('lake', '', '', extra_info => 'x')")
        dbt.execute("insert into lake.mart values (3)")
        with pytest.raises(duckdb.Error, match="this one does not"):
            dbt.execute("commit")
        with lake.session("two") as other, closing(lake.attach()):
            with session.connection() as control:
                control.execute("select pg_advisory_unlock_all()")
            with other.hold("build", "build"), pytest.raises(duckdb.Error, match="the build lock was taken"):
                dbt.execute("insert into lake.mart values (4)")
        assert dbt.execute("from lake.mart order by i").fetchall() == [(1,), (2,)]


def test_no_message_holds_a_word_that_ducklake_retries_on(lake: SmallLake) -> None:
    with lake.control() as control:
        ((source,),) = control.execute("select prosrc from pg_proc where proname = 'fence'").fetchall()
    messages = [line for line in str(source).splitlines() if MARK in line]
    assert len(messages) == 6
    assert [line for line in messages for word in RETRIED if word in line.lower()] == []


def test_a_commit_from_another_generation_is_refused(lake: SmallLake) -> None:
    second = lake.prepare()
    with lake.session("one") as session, session.hold("build", "test") as build, session.hold("commit", "") as both:
        text = both.text(99)
        for held in (text, build.text(), text.split(",")[1]):
            assert message_of(lake, held, 1) == f"{MARK} vsf_g1 is not the generation of the lake that holds"
            assert message_of(lake, held, second) == ""


def test_a_delivery_that_did_not_see_the_newest_one_is_refused(lake: SmallLake) -> None:
    with lake.session("one") as session, closing(lake.attach()) as connection:
        lake.store(session, connection, "a.csv")
        with session.hold("commit", "test") as token:
            ((base,),) = connection.execute("select id from ducklake_current_snapshot('lake')").fetchall()
            assert "stored after this one looked" in message_of(lake, token.text(base - 1))
            assert message_of(lake, token.text(base)) == ""
            # Now the same base is stale, in the same hold.
            assert "stored after this one looked" in message_of(lake, token.text(base))


def test_tables_are_changed_under_both_locks_whatever_was_stored_meanwhile(lake: SmallLake) -> None:
    with lake.session("one") as session, session.hold("build", "test"), session.hold("commit", "test") as token:
        text = token.text(ANY_SNAPSHOT)
        with closing(lake.attach(options=f"-c {SESSION_SETTING}={text}")) as connection:
            for number in range(2):
                connection.execute(f"create table lake.more_{number} (i integer)")
        with lake.session("two") as other:
            with session.connection() as control:
                control.execute("select pg_advisory_unlock_all()")
            with other.hold("commit", "test"):  # of the build lock the epoch is still the same
                assert message_of(lake, text) == f"{MARK} the commit lock was taken by another process"


def test_a_build_does_not_make_a_delivery_stale(lake: SmallLake) -> None:
    with (
        lake.session("one") as session,
        lake.session("two") as builder,
        closing(lake.attach()) as connection,
        session.hold("commit", "test") as token,
        builder.hold("build", "test") as build,
    ):
        ((base,),) = connection.execute("select id from ducklake_current_snapshot('lake')").fetchall()
        assert message_of(lake, build.text()) == ""
        assert message_of(lake, token.text(base)) == ""
        assert deliver(connection, token, "a.csv")


def test_the_function_of_the_fence_is_its_owners(lake: SmallLake) -> None:
    with lake.control() as control:
        control.execute("create schema evil")
        control.execute("create table evil.locks (name text, epoch bigint, word text)")
        found = control.execute(
            "select prosecdef, proconfig, has_function_privilege('public', oid, 'execute') from pg_proc"
            " where proname = 'fence'"
        ).fetchall()
    assert found == [(True, ["search_path=pg_temp"], False)]
