"""Published catalogs of a shared lake: which rows they hold, and everything that reads them, without PostgreSQL.

Here: the copy of a small lake's catalog, and readers in a folder and in a bucket. Not here: builds.
"""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.common.errors import LockLostError, VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.masking.keep_copies import CopyKeeper, PlainCopyKeeper
from vsf_assets.masking.masked_snapshots import mark_of, masked_snapshots
from vsf_assets.masking.plain_copies import plain_snapshots
from vsf_assets.publish.old_snapshots import prune
from vsf_assets.snapshots.connect import connect_current, connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.snapshots.export_file import export_snapshot
from vsf_assets.snapshots.pool import SnapshotPool
from vsf_assets.snapshots.query_turns import QueryLimits
from vsf_assets.warehouse.forms import shared_published
from vsf_assets.warehouse.forms.published import RELATIONS, connect_published, holds_own_rows
from vsf_assets_tests.engines import needs_httpfs
from vsf_assets_tests.lake.shared.pinned_lake import OF_BUILDS, OF_RUNS, TABLES, PinnedLake, content, pinned_lake
from vsf_assets_tests.object_server import Bucket


@pytest.fixture
def lake(catalog: str, tmp_path: Path) -> Iterator[PinnedLake]:
    with pinned_lake(catalog, str(tmp_path / "lake" / "g1")) as found:
        yield found


@pytest.mark.parametrize("seed", [1, 2])
def test_it_has_raw_as_the_build_read_it_and_what_the_build_wrote(lake: PinnedLake, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(3):
        for _ in range(6):
            lake.write(chance, chance.choice(TABLES))
        if number:
            lake.merge()
        pin = lake.version
        for _ in range(8):
            lake.write(chance, chance.choice(TABLES))
        wanted = {table: content(lake.connection, table, pin) for table in OF_RUNS}
        wanted |= {table: content(lake.connection, table) for table in OF_BUILDS}
        file = lake.publish(pin, tmp_path / f"vsf-{number}.duckdb")
        lake.merge()  # later, which leaves the files that the snapshot names
        with closing(connect_published(file)) as connection:
            assert {table: content(connection, table) for table in TABLES} == wanted


def test_the_views_of_raw_have_the_comments_and_their_rows_a_place(lake: PinnedLake, tmp_path: Path) -> None:
    for table in TABLES:
        lake.add(table)
    lake.merge()
    file = lake.publish(lake.version, tmp_path / "vsf-1.duckdb")
    with closing(connect_published(file)) as connection:
        about = dict(
            connection.execute(
                f"select schema_name || '.' || table_name, comment from ({RELATIONS}) where database_name = 'vsf-1'"
            ).fetchall()
        )
        assert about == {table: f"About {table}." for table in TABLES}
        sources = connection.execute(f"select source from ({RELATIONS}) where database_name = 'vsf-1'").fetchall()
        assert {connection.execute(f"select count(rowid) from {source}").fetchall()[0] for (source,) in sources} == {
            (3,)
        }


def test_all_tables_are_copied_as_of_one_moment(
    lake: PinnedLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in TABLES:
        lake.add(table)
    wanted = {table: content(lake.connection, table) for table in TABLES}
    needed, copied = shared_published._needed, []

    def deliver_between(schema: str, table: str, columns: list[str], pin: int, head: int) -> str:
        copied.append(table)
        if len(copied) == 2:
            lake.add("marts.days", 50)
            lake.delete("reports.files", 2)
        return needed(schema, table, columns, pin, head)

    monkeypatch.setattr(shared_published, "_needed", deliver_between)
    file = lake.publish(lake.version, tmp_path / "vsf-1.duckdb")
    assert content(lake.connection, "marts.days") != wanted["marts.days"]
    with closing(connect_published(file)) as connection:
        assert {table: content(connection, table) for table in TABLES} == wanted


def test_who_lost_the_build_lock_publishes_nothing(lake: PinnedLake, tmp_path: Path) -> None:
    with lake.control() as control:
        control.execute("update vsf.locks set epoch = 4, word = 'x' where name = 'build'")
    with pytest.raises(LockLostError, match="nothing is published"):
        lake.publish(lake.version, tmp_path / "vsf-1.duckdb")


def test_a_pinned_version_that_was_forgotten_is_refused(lake: PinnedLake, tmp_path: Path) -> None:
    pin = lake.version
    lake.add("raw.files")
    lake.connection.execute(f"call ducklake_expire_snapshots('warehouse', versions => [{pin}])")
    with pytest.raises(VsfError, match=f"version {pin} of the lake"):
        lake.publish(pin, tmp_path / "vsf-1.duckdb")


def test_the_folder_of_the_data_files_may_move(lake: PinnedLake, tmp_path: Path) -> None:
    lake.add("raw.files")
    file = lake.publish(lake.version, tmp_path / "vsf-1.duckdb", "lake/g1")
    moved = tmp_path / "moved"
    moved.mkdir()
    file.rename(moved / file.name)
    (tmp_path / "lake").rename(moved / "lake")
    with closing(connect_published(moved / file.name)) as connection:
        assert connection.execute("select count(*) from raw.files").fetchall() == [(3,)]
    (moved / "lake").rename(tmp_path / "elsewhere")
    with closing(connect_published(moved / file.name, str(tmp_path / "elsewhere"))) as connection:
        assert connection.execute("select count(*) from raw.files").fetchall() == [(3,)]
    with pytest.raises(VsfError, match="restore them, or set VSF_LAKE"):
        connect_published(moved / file.name)


@pytest.fixture
def in_bucket(catalog: str, bucket: Bucket, tmp_path: Path) -> Iterator[tuple[Settings, Bucket]]:
    """A home that reads snapshot 1 and the data files from a bucket; there is a delivery that came after its pin."""
    with pinned_lake(catalog, bucket.address("lake/g1")) as lake:
        for table in TABLES:
            lake.add(table)
        pin = lake.version
        lake.add("raw.files", 20)
        file = lake.publish(pin, tmp_path / "made.duckdb")
    bucket.put("snapshots/vsf-1.duckdb", file.read_bytes())
    bucket.put("snapshots/current", "vsf-1.duckdb")
    settings = read_settings({"VSF_HOME": str(tmp_path / "home"), "VSF_SNAPSHOTS": bucket.address("snapshots")})
    yield replace(settings, lake=bucket.address("lake")), bucket


COUNTS = "select (select count(*) from raw.files), (select count(*) from marts.days)"


@needs_httpfs
def test_a_bucket_holds_snapshots_and_data_files(in_bucket: tuple[Settings, Bucket], tmp_path: Path) -> None:
    settings, bucket = in_bucket
    opened = connect_current(settings)
    assert opened is not None
    with closing(opened[1]) as connection:
        assert connection.execute(COUNTS).fetchall() == [(3, 3)]
    assert not holds_own_rows(bucket.address("snapshots/vsf-1.duckdb"))

    exported = tmp_path / "exported.duckdb"
    assert export_snapshot(settings, opened[0], exported).tables == 2
    with duckdb.connect(str(exported), read_only=True) as plain:
        assert plain.execute("select count(*) from marts.days").fetchall() == [(3,)]

    moved = replace(settings, lake=bucket.address("moved"))
    for key in bucket.keys("lake/"):
        bucket.put(f"moved/{key}", bucket.get(f"lake/{key}"))
        bucket.delete(f"lake/{key}")
    with closing(connect_snapshot(opened[0], moved.lake)) as connection:
        assert connection.execute(COUNTS).fetchall() == [(3, 3)]
    with pytest.raises(VsfError, match="restore them, or set VSF_LAKE"):
        connect_snapshot(opened[0], settings.lake)


@needs_httpfs
def test_pages_read_a_bucket_and_nothing_else(in_bucket: tuple[Settings, Bucket], tmp_path: Path) -> None:
    settings, bucket = in_bucket
    bucket.put("other/secret.csv", "a\n1\n")
    pool = SnapshotPool(settings, QueryLimits(30.0, 200 * 10**6, tmp_path / "portal" / "exports"))
    with pool.current() as snapshot:
        assert snapshot.query(COUNTS).rows == [(3, 3)]
        with pytest.raises(duckdb.PermissionException):
            snapshot.query(f"from read_csv('{bucket.address('other/secret.csv')}')")


@needs_httpfs
def test_copies_for_sql_and_masked_ones_hold_the_rows(in_bucket: tuple[Settings, Bucket], tmp_path: Path) -> None:
    settings, bucket = in_bucket
    (settings.home / "portal").mkdir(parents=True)
    key = b"a key of pseudonyms, longer than 32 bytes"
    published = published_snapshots(settings)
    assert plain_snapshots(settings, published) == {}
    assert [keeper.refresh() for keeper in (PlainCopyKeeper(settings), CopyKeeper(settings, key))] == [True, True]
    (plain,) = plain_snapshots(settings, published).values()
    (masked,) = masked_snapshots(settings, mark_of(key), published).values()
    shown: list[Any] = []
    for copy in (plain, masked):
        with closing(connect_snapshot(copy)) as connection:
            assert connection.execute(COUNTS).fetchall() == [(3, 3)]
            about = "select comment from duckdb_tables() where table_name = 'findings'"
            assert connection.execute(about).fetchall() == [("About raw.findings.",)]
            shown.append(connection.execute("select mtn from raw.findings order by i").fetchall())
    assert shown[0] == [(None,), ("s1",), ("s2",)]
    assert all(text is None or text.startswith("anon-") for (text,) in shown[1])
    bucket.put("snapshots/current", "vsf-2.duckdb")
    bucket.delete("snapshots/vsf-1.duckdb")
    prune(settings)
    assert bucket.keys("snapshots/") == ["current"], "copies go when their snapshot has gone"
