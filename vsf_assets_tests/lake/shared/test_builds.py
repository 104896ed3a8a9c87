"""Builds and snapshots of a lake that several machines share: of one moment, beside deliveries, as with one file.

Here: whole builds by dbt's compiled SQL and by dbt. Not here: the copy of the catalog (test_published_catalog.py).
"""

from pathlib import Path
from typing import BinaryIO

import duckdb
import pytest

from vsf_assets.common.errors import LockLostError, VsfError, WarehouseUnavailableError
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.publish.publish import publish
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.snapshots.current import current_snapshot, snapshot_number
from vsf_assets.snapshots.s3_snapshot import epoch_of
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.transform import dbt_process, dbt_runner
from vsf_assets.transform.outages import refuse_outage
from vsf_assets.warehouse.connection import Warehouse, ensure_tables
from vsf_assets.warehouse.forms.form import Form
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import build_pending, built_directly
from vsf_assets_tests.lake.shared.homes import raw_tables, shared_home
from vsf_assets_tests.lake.test_local_lake import tables
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home, clicks, conversions, publish_click


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, catalog: str) -> Home:
    """A home with a prepared lake; lake and snapshots are in folders or in a bucket."""
    let_this_process_remove()
    place, variables = str(tmp_path / "lakes" / "lake"), {}
    if request.param == "bucket":
        bucket: Bucket = request.getfixturevalue("bucket")
        place, variables = bucket.address("lake"), {"SNAPSHOTS": bucket.address("snapshots")}
    home = shared_home(tmp_path / "home", catalog, place, **variables)
    home.warehouse.prepare(lambda _: None)
    return home


@pytest.fixture
def file_form(tmp_path: Path) -> Home:
    """A home whose warehouse is one file."""
    return Home(tmp_path / "other", LAKE="")


def counts(home: Home) -> tuple[int, int]:
    """Return the clicks in raw and in reports of the current snapshot."""
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        reported = "select sum(rows_loaded) from reports.files where feed = 'clicks'"
        sql = f"select (select count(*) from raw.clicks), ({reported})"
        ((raw, reported),) = connection.execute(sql).fetchall()
    return raw, int(reported)


@pytest.mark.lake
def test_what_arrives_during_a_build_belongs_to_the_next(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.land("clicks_1.csv", clicks(1, 2), 1)
    lake.ingest()
    build = dbt_process.build

    def deliver_first(*arguments: object) -> object:
        lake.land("clicks_2.csv", clicks(3, 4, 5), 2)
        assert len(lake.ingest().stored) == 1
        return build(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(dbt_process, "build", deliver_first)
        build_pending(lake.warehouse, checked=False, with_dbt="://" not in lake.settings.lake)
    assert counts(lake) == (2, 2)
    build_pending(lake.warehouse, checked=False)
    assert counts(lake) == (5, 5)
    assert build_pending(lake.warehouse, checked=False) is None


@pytest.mark.lake
def test_what_arrives_during_a_rebuild_is_in_the_new_generation(
    lake: Home, file_form: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(home: Home) -> None:
        home.land("clicks_1.csv", clicks(1, 2), 1)
        home.land("conversions_1.csv", conversions(1), 2)
        home.land("clicks_4.csv", clicks(9), 9)
        home.ingest()
        build_pending(home.warehouse, checked=False)

    def meanwhile(home: Home) -> None:
        home.land("clicks_2.csv", clicks(3, 4, 5), 3)
        home.land("clicks_4_twin.csv", clicks(9), 0)  # it gets the rows of the later file with this content
        home.ingest()
        home.ingest(reload="clicks")

    before(lake)
    before(file_form)
    build = dbt_runner.build

    def deliver_first(warehouse: Warehouse, full: bool) -> dbt_runner.DbtOutcome:
        meanwhile(lake)
        return build(warehouse, full=full)

    with built_directly(checked=False), monkeypatch.context() as patch:
        patch.setattr(dbt_runner, "build", deliver_first)
        assert rebuild(lake.warehouse, "test").problems == []
    assert counts(lake) == (3, 3)
    assert lake.warehouse.form.schema() == "vsf_g2"  # type: ignore[attr-defined]
    meanwhile(file_form)
    assert raw_tables(lake)["raw.clicks"] == raw_tables(file_form)["raw.clicks"]
    for home in (lake, file_form):
        build_pending(home.warehouse, checked=False)
    assert tables(lake) == tables(file_form)


@pytest.mark.lake
def test_a_home_moves_to_a_shared_lake_and_back(file_form: Home, tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    file_form.land("clicks_1.csv", clicks(1, 2), 1)
    file_form.ingest()
    build_pending(file_form.warehouse, checked=False)
    wanted = tables(file_form)
    shared = shared_home(file_form.root, catalog, str(tmp_path / "lakes" / "lake"))
    shared.warehouse.prepare(lambda _: None)
    with pytest.raises(VsfError, match="vsf rebuild"):
        shared.ingest()
    with built_directly(checked=False):
        assert rebuild(shared.warehouse, "test").problems == []
    assert (tables(shared), file_form.warehouse.file.exists()) == (wanted, False)
    (file_form.landing / OWNER_MARKER).unlink()  # it names the lake, which other homes may share
    with built_directly(checked=False):
        assert rebuild(file_form.warehouse, "test").problems == []
    assert tables(file_form) == wanted


def test_a_builder_that_lost_its_lock_writes_and_publishes_nothing(lake: Home) -> None:
    lake.land("clicks_1.csv", clicks(1, 2), 1)
    lake.ingest()
    with lake.warehouse.lock("test"):
        pinned = lake.warehouse.pinned()
        with pinned.form.control() as control:  # type: ignore[attr-defined]
            control.execute("update vsf.locks set epoch = epoch + 1, word = 'ab' where name = 'build'")
        with pinned.connect() as connection, pytest.raises(duckdb.Error, match="vsf-fence: the build lock was taken"):
            connection.execute("create schema marts")
        with pytest.raises(LockLostError, match="nothing is published"):
            publish(pinned, 1)
    assert current_snapshot(lake.settings) is None


@pytest.mark.lake
@pytest.mark.parametrize("lake", ["bucket"], indirect=True)
@pytest.mark.parametrize("what", ["store", "database"])
def test_a_model_that_meets_an_outage_is_no_broken_model(lake: Home, bucket: Bucket, what: str) -> None:
    """By the messages that DuckDB has for it when it writes a table."""
    with lake.warehouse.lock("test"):
        pinned = lake.warehouse.pinned()
        with pinned.connect() as connection:
            connection.execute("create schema if not exists marts")
            connection.execute("set http_retries = 0")
            connection.execute("begin transaction")
            connection.execute("create table marts.m (x integer)")
            if what == "store":
                bucket.server.fail("reset", method="PUT|POST", path="/lake/")
            else:
                with pinned.form.control() as control:  # type: ignore[attr-defined]
                    control.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()"
                    )
            with pytest.raises(duckdb.Error) as met:
                for statement in ("insert into marts.m values (1)", "commit"):
                    connection.execute(statement)
    message = f"Runtime Error in model m (models/m.sql)\n  {met.value}"
    with pytest.raises(WarehouseUnavailableError, match="the next run builds"):
        refuse_outage([message])
    refuse_outage(["Runtime Error in model m (models/m.sql)\n  Binder Error: no column x"])


def test_what_needs_the_build_lock_says_so_without_it(lake: Home) -> None:
    for act in (lake.warehouse.pinned, lake.warehouse.beside):
        with pytest.raises(RuntimeError, match=r"done under the lock of the warehouse \(Warehouse\.lock\)"):
            act()


def test_a_restored_database_whose_epochs_are_lower_publishes_on(lake: Home) -> None:
    first = publish_click(lake, 1)
    with lake.warehouse.form.control() as control:  # type: ignore[attr-defined]
        control.execute("update vsf.locks set epoch = 0")
    second = publish_click(lake, 2)
    assert epoch_of(first.name) > epoch_of(second.name) > 0
    assert snapshot_number(current_snapshot(lake.settings)) == 2


@pytest.mark.parametrize("lake", ["folder"], indirect=True)
def test_a_snapshot_of_a_later_epoch_that_came_meanwhile_stays_current(
    lake: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = publish_click(lake, 1).with_name("current.duckdb")  # type: ignore[union-attr]
    form = type(lake.warehouse.form)
    copy_to = form.copy_to

    def and_another_publishes(self: Form, target: BinaryIO, published: Path) -> bool:
        pointer.unlink()
        pointer.symlink_to("vsf-2-e999.duckdb")
        return copy_to(self, target, published)  # type: ignore[arg-type]

    monkeypatch.setattr(form, "copy_to", and_another_publishes)
    with pytest.raises(LockLostError, match=r"vsf-2-e999\.duckdb was published meanwhile"):
        publish_click(lake, 2)
    assert pointer.readlink() == Path("vsf-2-e999.duckdb")
    assert [path.name for path in pointer.parent.glob("vsf-2-*")] == []


def sessions_of_duckdb(home: Home) -> int:
    """Return how many sessions DuckDB has with the database of a lake; the platform's own have names."""
    with home.warehouse.form.control() as control:  # type: ignore[attr-defined]
        sql = "select count(*) from pg_stat_activity where datname = current_database() and application_name = ''"
        return int(control.execute(sql).fetchall()[0][0])


@pytest.mark.lake
@pytest.mark.parametrize("lake", ["folder"], indirect=True)
def test_a_process_that_lives_long_keeps_no_sessions_with_earlier_generations(lake: Home) -> None:
    raw_tables(lake)
    before, rebuilds = sessions_of_duckdb(lake), 3
    for _ in range(rebuilds):
        with lake.warehouse.lock("test"):
            beside = lake.warehouse.beside()
            with beside.connect() as connection:
                ensure_tables(connection)
            lake.warehouse.replace_with(beside)
        raw_tables(lake)
    # DuckDB opens a second session when it wants one, and closes sessions a moment later.
    wait_until(lambda: sessions_of_duckdb(lake) < before + rebuilds)
