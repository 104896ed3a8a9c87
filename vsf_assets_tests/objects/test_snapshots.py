"""Snapshots in a bucket: immutable names, the pointer last, checked where they lie, read over httpfs.

Here: publish on a warehouse of raw tables. Not here: the same in a folder (engine/test_snapshots.py).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from vsf_assets.common.duckdb_extensions import load_extension
from vsf_assets.common.errors import LockLostError, VsfError
from vsf_assets.publish import publish as publishing
from vsf_assets.publish import s3_snapshots as object_snapshots
from vsf_assets.publish.empty_mart_check import EmptyTablesError
from vsf_assets.publish.publish import newest_number, publish
from vsf_assets.publish.s3_snapshots import SnapshotPrefix
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import current_snapshot, published_snapshots, snapshot_number
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot, name_of
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets.warehouse.forms.published import connect_published
from vsf_assets_tests.comments import read_comments
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.engines import VIEWS_NAME_THEIR_DATABASE, needs_httpfs
from vsf_assets_tests.object_server import KEY, SECRET, Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import clicks, publish_click


def ids_in(home: EngineHome) -> list[int]:
    snapshot = current_snapshot(home.settings)
    assert snapshot is not None
    with connect_snapshot(snapshot) as connection:
        return [row[0] for row in connection.execute("select click_id from raw.clicks order by 1").fetchall()]


def test_no_snapshot_yet(stored: EngineHome) -> None:
    assert current_snapshot(stored.settings) is None
    assert (newest_number(stored.settings), snapshot_number(None)) == (0, 0)


@needs_httpfs
def test_the_pointer_names_the_newest_and_is_written_last(stored: EngineHome) -> None:
    publish_click(stored, 1)
    stored.bucket.server.log.clear()
    assert publish_click(stored, 2).name == "vsf-2.duckdb"
    written = [
        r.path.rsplit("/")[-1] for r in stored.bucket.server.log if "/snapshots/" in r.path and r.method == "PUT"
    ]
    assert written == ["vsf-2.duckdb", "current"]
    read = [r for r in stored.bucket.server.log if r.path.endswith("vsf-2.duckdb") and r.method == "GET"]
    assert read, "it is checked where it lies"
    assert stored.bucket.get("snapshots/current") == b"vsf-2.duckdb"
    assert sorted(stored.bucket.keys("snapshots/")) == ["current", "vsf-1.duckdb", "vsf-2.duckdb"]
    assert ids_in(stored) == [1, 2]
    assert newest_number(stored.settings) == 2


@needs_httpfs
def test_a_snapshot_has_the_comments_of_the_warehouse(stored: EngineHome) -> None:
    publish_click(stored, 1)
    with stored.warehouse.connect(read_only=True) as connection:
        wanted = read_comments(connection)
    with connect_snapshot(current_snapshot(stored.settings)) as connection:
        found = read_comments(connection)
    assert found == wanted
    assert found["raw.clicks", "banner_id"] == "Banner that was clicked."


@needs_httpfs
def test_a_snapshot_is_opened_read_only(stored: EngineHome) -> None:
    publish_click(stored, 1)
    with connect_snapshot(current_snapshot(stored.settings)) as connection:
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("delete from raw.clicks")
        assert connection.execute("select current_database()").fetchall() == [("vsf-1",)]


@needs_httpfs
def test_plain_sql_opens_a_snapshot_with_views(stored: EngineHome) -> None:
    with stored.warehouse.write("test") as connection:
        connection.execute("create schema marts")
        connection.execute("create view marts.ids as select click_id from raw.clicks")
    publish_click(stored, 1)
    host = stored.bucket.server.endpoint.removeprefix("http://")
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        load_extension(connection, "httpfs")
        connection.execute(
            f"create secret (type s3, key_id '{KEY}', secret '{SECRET}', endpoint '{host}', url_style 'path',"
            " use_ssl false)"
        )
        place = stored.settings.snapshots
        ((name,),) = connection.execute(f"select content from read_text('{place}/current')").fetchall()
        connection.execute(f"attach '{place}/{name}' as vsf (read_only)")
        assert connection.execute("from vsf.marts.ids").fetchall() == [(1,)]


@needs_httpfs
@pytest.mark.parametrize("step", ["_check", "SnapshotPrefix.add", "SnapshotPrefix.point"])
def test_failure_at_any_step_leaves_the_earlier_snapshot_current(
    stored: EngineHome, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish_click(stored, 1)

    def fail(*_: object) -> None:
        raise ObjectStoreError("no")

    with monkeypatch.context() as patch:
        target = object_snapshots if "." in step else publishing
        patch.setattr(target, step, fail) if "." not in step else patch.setattr(
            object_snapshots.SnapshotPrefix, step.split(".")[1], fail
        )
        with pytest.raises(ObjectStoreError, match="no"):
            publish_click(stored, 2)
    assert (stored.bucket.get("snapshots/current"), ids_in(stored)) == (b"vsf-1.duckdb", [1])
    with stored.warehouse.lock("publish"):
        publish(stored.warehouse, 2)
    assert ids_in(stored) == [1, 2]


@needs_httpfs
@pytest.mark.skipif(not VIEWS_NAME_THEIR_DATABASE, reason="the copy can be read: views do not name their database")
def test_a_copy_that_cannot_be_read_is_not_published(stored: EngineHome) -> None:
    publish_click(stored, 1)
    with stored.warehouse.write("test") as connection:
        connection.execute("create schema marts")
        connection.execute("create view marts.ids as select click_id from warehouse.raw.clicks")
    with pytest.raises(duckdb.Error):
        publish_click(stored, 2)
    assert stored.bucket.get("snapshots/current") == b"vsf-1.duckdb"
    assert "vsf-2.duckdb" not in stored.bucket.keys("snapshots/")


@needs_httpfs
@pytest.mark.parametrize("step", ["add", "point"])
def test_a_publish_that_is_killed_is_repeated(stored: EngineHome, step: str) -> None:
    publish_click(stored, 1)
    stored.land("clicks_1_2.csv", clicks(2), 2)
    stored.ingest()
    when = "after" if step == "add" else "before"
    die = ["publish.s3_snapshots", f"SnapshotPrefix.{step}", when, 1]
    job = {"home": str(stored.root), "variables": stored.places, "die": die, "publish": 2}
    assert run_children([job]) == [-9]
    assert sorted(stored.bucket.keys("snapshots/")) == ["current", "vsf-1.duckdb", "vsf-2.duckdb"]
    assert ids_in(stored) == [1]
    with stored.warehouse.lock("publish"):
        publish(stored.warehouse, 2)
    assert ids_in(stored) == [1, 2]


@needs_httpfs
def test_the_current_snapshot_is_never_replaced(stored: EngineHome) -> None:
    publish_click(stored, 1)
    before = stored.bucket.get("snapshots/vsf-1.duckdb")
    with pytest.raises(VsfError, match="never replaced"):
        publish_click(stored, 1)
    assert stored.bucket.get("snapshots/vsf-1.duckdb") == before


@needs_httpfs
@pytest.mark.parametrize(("hours", "kept"), [("0", [2, 3, 4]), ("24", [1, 2, 3, 4])])
def test_old_snapshots_go_when_they_are_neither_new_nor_young_nor_were_current_a_moment_ago(
    bucket: Bucket, tmp_path: Path, hours: str, kept: list[int]
) -> None:
    home = EngineHome(tmp_path, bucket, KEEP_SNAPSHOTS="2", KEEP_SNAPSHOT_HOURS=hours)
    for number in (1, 2, 3, 4):
        publish_click(home, number)
        bucket.server.set_modified(
            bucket.name, f"snapshots/vsf-{number}.duckdb", datetime.now(UTC) - timedelta(hours=9 - number)
        )
    names = [f"vsf-{number}.duckdb" for number in kept]
    assert sorted(bucket.keys("snapshots/")) == ["current", *names]


def test_a_pointer_that_names_no_snapshot_is_told(stored: EngineHome) -> None:
    stored.bucket.put("snapshots/current", "../other")
    with pytest.raises(VsfError, match=r"snapshots/current holds '\.\./other'"):
        current_snapshot(stored.settings)


@needs_httpfs
def test_a_snapshot_that_is_gone_is_told(stored: EngineHome) -> None:
    with pytest.raises(ObjectStoreError, match=r"vsf-7\.duckdb at http.* cannot be opened"):
        connect_published(stored.bucket.address("snapshots/vsf-7.duckdb"))


@needs_httpfs
def test_marts_without_their_rows_are_not_published(stored: EngineHome) -> None:
    put_built_warehouse(stored.settings)
    with stored.warehouse.lock("publish"):
        publish(stored.warehouse, 1)
    stored.land("clicks_1.csv", clicks(1))
    stored.ingest()
    with stored.warehouse.lock("publish"), pytest.raises(EmptyTablesError, match="no rows in marts"):
        publish(stored.warehouse, 2)
    assert stored.bucket.get("snapshots/current") == b"vsf-1.duckdb"
    assert "vsf-2.duckdb" not in stored.bucket.keys("snapshots/")


def test_an_old_snapshot_that_may_not_be_removed_holds_no_other_back(bucket: Bucket) -> None:
    prefix = SnapshotPrefix(bucket.address("snapshots"))
    for number in range(1, 5):
        with prefix.store.writer(f"vsf-{number}.duckdb") as file:
            file.write(b"x")
    bucket.server.fail("error", method="DELETE", path=r"vsf-2\.duckdb$", status=403, code="AccessDenied")
    said: list[str] = []
    prefix.remove_all([3, 2, 1], said.append)
    assert sorted(prefix.stored()) == [2, 4]
    assert ["vsf-2.duckdb" in line and "access is denied" in line for line in said] == [True]


def snapshot_of(prefix: SnapshotPrefix, tmp_path: Path, number: int, epoch: int) -> StoredSnapshot:
    """Upload an empty snapshot."""
    file = tmp_path / name_of(number, epoch)
    duckdb.connect(str(file)).close()
    return prefix.add(file, number, epoch)


def test_of_two_builders_the_later_epoch_is_published(stored: EngineHome, tmp_path: Path) -> None:
    prefix = SnapshotPrefix(stored.settings.snapshots)
    seen = prefix.state()
    earlier, later = (snapshot_of(prefix, tmp_path, 1, epoch) for epoch in (4, 7))
    prefix.point(earlier, seen)
    prefix.point(later, seen)  # it began before the other one published
    assert stored.bucket.get("snapshots/current") == b"vsf-1-e7.duckdb"
    with pytest.raises(LockLostError, match=r"vsf-1-e7\.duckdb was published meanwhile"):
        prefix.point(earlier, seen)
    assert published_snapshots(stored.settings) == {1: later}
    third = snapshot_of(prefix, tmp_path, 2, 8)
    prefix.point(third, prefix.state())
    assert prefix.remove_all([1]) == [1]
    assert sorted(stored.bucket.keys("snapshots/")) == ["current", "vsf-2-e8.duckdb"]
