"""What goes wrong while runs store in a shared lake, forced: a run goes on or says why, the next one stores the rest.

Here: the whole engine on such a lake. Not here: the locks and the fence alone (test_attacks.py, test_lost_answers.py).
"""

from pathlib import Path
from threading import Event

import psycopg
import pytest

from vsf_assets.cli.status_ledger import read_ledger
from vsf_assets.common.errors import LockLostError, VsfError, WarehouseUnavailableError
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets.warehouse import connection as warehouse_connection
from vsf_assets.warehouse.forms import shared_store
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_lake import SharedLake
from vsf_assets.warehouse.shared.locks import ANY_SNAPSHOT
from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.lake.shared import children
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.object_server import Bucket, ObjectServer
from vsf_assets_tests.postgres_server import PROGRAMS, restartable_server
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home, clicks

needs_landlock = pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version")


@pytest.fixture
def lake(tmp_path: Path, catalog: str, bucket: Bucket) -> Home:
    """A home with a prepared lake in a bucket, and a file that has landed."""
    home = shared_home(tmp_path / "home", catalog, bucket.address("lake"))
    home.warehouse.prepare(lambda _: None)
    home.land("clicks_1.csv", clicks(1, 2), 1)
    return home


def child_of(home: Home, database: str) -> dict[str, object]:
    """Return an ingest of a process of its own, which reaches the database in a way of its own."""
    return {
        "home": str(home.root),
        "variables": {"CATALOG": database, "LAKE": home.settings.lake, "LOCK_TAKEOVER_SECONDS": "3"},
        "complete": True,
    }


def is_committing(database: str) -> bool:
    """Return whether a transaction has passed the fence and is not committed yet."""
    with psycopg.connect(database) as control:
        return control.execute(
            "select exists (select from pg_locks where relation = 'vsf.locks'::regclass and mode = 'RowShareLock')"
        ).fetchall() == [(True,)]


@needs_landlock
def test_a_delivery_whose_answer_was_lost_is_stored_once_and_reported(catalog: str, tmp_path: Path) -> None:
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.land("clicks_1.csv", clicks(1, 2), 1)
    lost = Event()

    def about_commit() -> str:
        if lost.is_set() or not is_committing(catalog):
            return PASS
        lost.set()
        return LOSE_ANSWER

    proxy = CommitProxy(catalog, about_commit)
    with proxy.running() as through:
        process = children.start("store_through", home, catalog, through=through, stored="clicks_1.csv")
        assert children.ended(process) == 0
    assert proxy.lost == 1
    let_this_process_remove()
    assert home.click_ids() == [1, 2]
    assert home.files("file_name, status") == [("clicks_1.csv", "loaded")]
    assert home.ingest().stored == []


@pytest.mark.lake
@pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (Debian: postgresql)")
def test_a_restart_of_the_database_ends_the_run_and_the_next_one_stores_everything(
    tmp_path: Path, bucket: Bucket
) -> None:
    with restartable_server() as server:
        home = shared_home(tmp_path / "home", server.address, bucket.address("lake"))
        home.warehouse.prepare(lambda _: None)
        for number in range(1, 5):
            home.land(f"clicks_{number}.csv", clicks(number), number)
        restarted = Event()

        def about_commit() -> str:
            if not restarted.is_set() and is_committing(server.address):
                restarted.set()
                server.restart("immediate")
            return PASS

        with CommitProxy(server.address, about_commit).running() as through:
            assert run_children([child_of(home, through)]) == [1]
        assert restarted.is_set()
        assert run_children([child_of(home, server.address)]) == [0]
        assert home.click_ids() == [1, 2, 3, 4]
        assert home.landed() == []


def test_a_bucket_that_throttles_for_a_moment_is_waited_for(lake: Home, object_server: ObjectServer) -> None:
    fault = object_server.fail("error", method="PUT", path="/lake/", times=2)
    assert [row.file_name for row in lake.ingest().stored] == ["clicks_1.csv"]
    assert fault.hits == 2
    assert lake.click_ids() == [1, 2]


def test_a_bucket_that_takes_nothing_fails_the_run_in_plain_words(
    lake: Home, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_store, "PAUSES", (0.0,))
    object_server.fail("error", method="PUT", path="/lake/")
    with pytest.raises(VsfError, match=r"could not be stored in the lake .*the next run stores it") as error:
        lake.ingest()
    assert "test-secret" not in str(error.value)
    object_server.settle()
    assert lake.landed() == ["clicks_1.csv"]
    assert [row.file_name for row in lake.ingest().stored] == ["clicks_1.csv"]
    assert lake.click_ids() == [1, 2]


def test_a_worker_of_another_release_writes_nothing_until_the_lake_is_migrated(
    lake: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.ingest()
    lake.land("clicks_2.csv", clicks(3), 2)
    original = warehouse_connection.table_versions
    newer = {**original(lake.settings), "release": "99.0", "clicks": "other"}
    with monkeypatch.context() as patch:
        patch.setattr(warehouse_connection, "table_versions", lambda _: newer)
        with pytest.raises(
            VsfError, match=r"made by release 0.* with other versions of clicks, .*release 99.0.*migrate"
        ):
            lake.ingest()
        lines: list[str] = []
        lake.warehouse.migrate(lines.append)
        assert any("release 99.0 now" in line for line in lines)
    with pytest.raises(VsfError, match=r"made by release 99\.0"):
        lake.ingest()
    assert lake.click_ids() == [1, 2]
    lake.warehouse.migrate(lambda _: None)
    assert [row.file_name for row in lake.ingest().stored] == ["clicks_2.csv"]


def test_two_that_prepare_at_once_make_one_lake(tmp_path: Path, catalog: str, bucket: Bucket) -> None:
    home = shared_home(tmp_path / "home", catalog, bucket.address("lake"))

    processes = [children.start("prepare", home, catalog) for _ in range(2)]
    assert [children.ended(process) for process in processes] == [0, 0]
    with psycopg.connect(catalog) as control:
        schemas = control.execute(r"select nspname from pg_namespace where nspname ~ '^vsf_g'").fetchall()
    assert schemas == [("vsf_g1",)]
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    assert home.click_ids() == [1]


def test_what_does_not_do_for_a_lake_is_named(tmp_path: Path, catalog: str, bucket: Bucket) -> None:
    missing = shared_home(tmp_path / "home", catalog, "s3://no-such-bucket-here/lake")
    with pytest.raises(ObjectStoreError, match="there is no bucket no-such-bucket-here"):
        missing.warehouse.prepare(lambda _: None)
    nowhere = shared_home(tmp_path / "home", catalog.rpartition("/")[0] + "/nowhere", bucket.address("lake"))
    with pytest.raises(VsfError, match="no such database or user"):
        nowhere.warehouse.prepare(lambda _: None)
    with pytest.raises(VsfError, match="no such database or user"):
        nowhere.ingest()


@pytest.mark.lake
def test_tables_are_made_under_both_locks(tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake")).warehouse.prepare(lambda _: None)
    with psycopg.connect(catalog) as connection:
        shown = connection.execute(
            "select distinct regexp_replace(commit_extra_info, ':[0-9a-f]+', '', 'g')"
            " from vsf_g1.ducklake_snapshot_changes where commit_extra_info is not null"
        ).fetchall()
    assert shown == [(f"b1,c1@{ANY_SNAPSHOT}",)]


@pytest.mark.lake
def test_what_was_done_under_a_lock_whose_session_ended_is_no_failure(tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    home.warehouse.prepare(lambda _: None)
    lake = SharedLake.of(home.settings)
    with lake.lock("test", lambda _: None), psycopg.connect(catalog) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'build-%'"
        )
        wait_until(lambda: is_refused(lake))
    assert not is_refused(lake)  # without a lock the fence decides


def is_refused(lake: SharedLake) -> bool:
    """Return whether the lake is not opened for writing, since the session of the lock is known to have ended."""
    try:
        with lake.connect(read_only=False):
            return False
    except LockLostError:
        return True


@pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (Debian: postgresql)")
@pytest.mark.lake
def test_readers_notice_nothing_while_the_database_is_away(tmp_path: Path, bucket: Bucket) -> None:
    reread = "select count(*) from raw.clicks"
    with restartable_server() as server:
        places = {"SNAPSHOTS": bucket.address("snapshots")}
        home = shared_home(tmp_path / "home", server.address, bucket.address("lake"), **places)
        home.warehouse.prepare(lambda _: None)
        home.land("clicks_1.csv", clicks(1, 2), 1)
        home.ingest()
        build_pending(home.warehouse, checked=False)
        home.land("clicks_2.csv", clicks(3), 2)
        opened_before = connect_current(home.settings)
        assert opened_before is not None
        with opened_before[1] as connection, server.stopped():
            assert connection.execute(reread).fetchall() == [(2,)]
            opened = connect_current(home.settings)
            assert opened is not None
            with opened[1] as another:
                assert another.execute(reread).fetchall() == [(2,)]
            ledger = read_ledger(home.settings)
            assert "because the warehouse does not answer" in ledger.origin
            assert [row[2:4] for row in ledger.rows] == [("clicks_1.csv", "loaded")]
            for act in (home.ingest, lambda: build_pending(home.warehouse), lambda: rebuild(home.warehouse, "test")):
                with pytest.raises(WarehouseUnavailableError, match="does not answer: no PostgreSQL listens there"):
                    act()
        assert [row.file_name for row in home.ingest().stored] == ["clicks_2.csv"]
        build_pending(home.warehouse, checked=False)
        opened = connect_current(home.settings)
        assert opened is not None
        with opened[1] as connection:
            assert connection.execute(reread).fetchall() == [(3,)]


@needs_landlock
def test_a_session_that_is_cut_in_a_transaction_does_not_end_the_process(catalog: str, tmp_path: Path) -> None:
    home = shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake"))
    assert children.ended(children.start("lose_the_session_in_a_transaction", home, catalog)) == 0
