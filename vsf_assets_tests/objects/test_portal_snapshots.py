"""The portal's snapshots in a bucket: fetched once per host, and a bucket that hangs stops no answer.

Here: the pool on moto's server. Not here: the pool itself (portal/test_pool.py), and publishing (test_snapshots.py).
"""

import os
import time
from pathlib import Path

import duckdb
import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.snapshots.host_copy import host_copy, lent_copy
from vsf_assets.snapshots.pool import NoSnapshotError, QueryLimits, SnapshotPool
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot
from vsf_assets_tests.object_server import Bucket


def publish(bucket: Bucket, number: int, folder: Path, content: int = 0) -> None:
    file = folder / f"new-{number}-{content}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create table t as select {content or number} as n")
    bucket.put(f"snapshots/vsf-{number}.duckdb", file.read_bytes())
    bucket.put("snapshots/current", f"vsf-{number}.duckdb")


@pytest.fixture
def settings(bucket: Bucket, tmp_path: Path) -> Settings:
    return read_settings({"VSF_HOME": str(tmp_path / "home"), "VSF_SNAPSHOTS": bucket.address("snapshots")})


def pool_of(settings: Settings) -> SnapshotPool:
    return SnapshotPool(settings, QueryLimits(5.0, 200 * 10**6, settings.home / "portal" / "exports"))


def value(pool: SnapshotPool) -> tuple[int, int]:
    with pool.current() as snapshot:
        return snapshot.number, snapshot.query("from t").rows[0][0]


def wait_for(pool: SnapshotPool, wanted: tuple[int, int]) -> None:
    deadline = time.monotonic() + 10
    while value(pool) != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the pointer at each request."""
    from vsf_assets.snapshots import pointer_watch

    monkeypatch.setattr(pointer_watch, "BUCKET_SECONDS", 0.0)


def fetched(bucket: Bucket, name: str) -> int:
    return sum(r.method == "GET" and r.path.endswith(f"/{name}") for r in bucket.server.log)


@pytest.mark.usefixtures("often")
def test_a_snapshot_is_fetched_once_for_all_portals_of_a_host(
    bucket: Bucket, settings: Settings, tmp_path: Path
) -> None:
    publish(bucket, 1, tmp_path)
    pools = [pool_of(settings) for _ in range(3)]
    assert [value(pool) for pool in pools] == [(1, 1)] * 3
    assert fetched(bucket, "vsf-1.duckdb") == 1
    publish(bucket, 2, tmp_path)
    for pool in pools:
        wait_for(pool, (2, 2))
    assert fetched(bucket, "vsf-2.duckdb") == 1
    copies = list((settings.home / "portal" / "snapshots").glob("*.duckdb"))
    assert [copy.name.partition("-")[2] for copy in copies] == ["vsf-2.duckdb"]
    assert copies[0].stat().st_mode & 0o777 == 0o600
    for pool in pools:
        pool.close()


@pytest.mark.usefixtures("often")
def test_another_object_of_the_same_name_is_fetched_anew(bucket: Bucket, settings: Settings, tmp_path: Path) -> None:
    publish(bucket, 1, tmp_path)
    pool = pool_of(settings)
    assert value(pool) == (1, 1)
    bucket.delete("snapshots/current")
    publish(bucket, 1, tmp_path, content=77)
    again = pool_of(settings)
    assert value(again) == (1, 77)
    assert value(pool)[0] == 1
    pool.close()
    again.close()


def test_a_copy_that_is_lent_stays_when_a_newer_one_is_fetched(
    bucket: Bucket, settings: Settings, tmp_path: Path
) -> None:
    folder = settings.home / "portal" / "snapshots"
    publish(bucket, 1, tmp_path)
    publish(bucket, 2, tmp_path)
    first, second = (StoredSnapshot(bucket.address(f"snapshots/vsf-{number}.duckdb")) for number in (1, 2))
    lost = folder / "lent" / "lost"
    lost.mkdir(parents=True)
    (lost / "vsf-0.duckdb").touch()
    os.utime(lost, (0, 0))
    with lent_copy(first, folder) as file:
        host_copy(second, folder)
        assert [copy.name.partition("-")[2] for copy in folder.glob("*.duckdb")] == ["vsf-2.duckdb"]
        with duckdb.connect(str(file), read_only=True) as connection:
            assert connection.execute("from t").fetchall() == [(1,)]
        assert file.name == "vsf-1.duckdb"
    assert not list((folder / "lent").iterdir())


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("path", ["snapshots/current", "vsf-2.duckdb"])
def test_a_bucket_that_hangs_stops_no_answer(bucket: Bucket, settings: Settings, tmp_path: Path, path: str) -> None:
    publish(bucket, 1, tmp_path)
    pool = pool_of(settings)
    assert value(pool) == (1, 1)
    bucket.server.fail("stall", path=path, seconds=30, times=1)
    publish(bucket, 2, tmp_path)
    deadline = time.monotonic() + 5
    while not bucket.server.faults[0].hits and time.monotonic() < deadline:
        began = time.monotonic()
        assert value(pool) == (1, 1)
        assert time.monotonic() - began < 1
    assert bucket.server.faults[0].hits
    began = time.monotonic()
    for _ in range(20):
        assert value(pool) == (1, 1)
    assert time.monotonic() - began < 1
    bucket.server.settle()
    pool.close()


def test_an_error_of_the_bucket_leaves_the_open_snapshot_and_an_empty_one_is_said(
    bucket: Bucket, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_of(settings)
    with pytest.raises(NoSnapshotError, match="vsf run"):
        value(pool)
    publish(bucket, 1, tmp_path)
    assert value(pool) == (1, 1)
    monkeypatch.setattr(pool, "_start_check", pool._check_once)
    bucket.server.fail("error", path="snapshots/current", status=403, code="AccessDenied")
    monkeypatch.setattr(pool, "_next_check", 0.0)
    assert value(pool) == (1, 1)
    bucket.server.settle()
    bucket.delete("snapshots/current")
    monkeypatch.setattr(pool, "_next_check", 0.0)
    assert value(pool) == (1, 1)
    pool.close()
