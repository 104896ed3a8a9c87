"""Banners from snapshots in a bucket: conditional requests, new scores, and a store that is away.

Not here: folders (test_loading.py).
"""

from pathlib import Path

import pytest

from vsf_assets.banners.loading import Loader, kept_table
from vsf_assets.banners.shared_files import SharedFiles, read_status
from vsf_assets.config.settings import read_settings
from vsf_assets_tests.banners.driver import Clock, write_scores
from vsf_assets_tests.object_server import Bucket, Fault


@pytest.fixture
def loader(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Loader:
    variables = {"VSF_HOME": str(tmp_path / "home"), "VSF_SNAPSHOTS": bucket.address("snapshots")}
    variables |= {"VSF_STORE_TIMEOUT": "1", "VSF_STORE_ATTEMPTS": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "run").mkdir()
    files = SharedFiles(tmp_path / "run", tmp_path / "home" / "cache" / "scores.json", tmp_path)
    return Loader(read_settings(variables), files, lambda _: None, Clock())


def put(bucket: Bucket, folder: Path, number: int, banner: int) -> None:
    file = folder / f"vsf-{number}.duckdb"
    write_scores(file, {7: {1: [banner]}})
    bucket.put(f"snapshots/{file.name}", file.read_bytes())
    bucket.put("snapshots/current", file.name.encode())


def served(loader: Loader) -> int | None:
    table = kept_table(loader._files.scores)
    return None if table is None else table.snapshot


def test_a_bucket_is_asked_conditionally_and_a_new_snapshot_is_loaded(
    loader: Loader, bucket: Bucket, tmp_path: Path
) -> None:
    assert loader.seconds <= 5
    loader.check()
    assert served(loader) is None
    put(bucket, tmp_path, 1, 101)
    loader.check()
    assert served(loader) == 1
    bucket.server.log.clear()
    for _ in range(3):
        loader.check()
    assert [(r.status, r.sent) for r in bucket.server.log] == [(304, 0)] * 3
    put(bucket, tmp_path, 2, 102)
    loader.check()
    assert served(loader) == 2
    assert read_status(loader._files).failure == ""


def test_a_store_that_is_away_keeps_the_slots_and_the_status_says_so(
    loader: Loader, bucket: Bucket, tmp_path: Path
) -> None:
    put(bucket, tmp_path, 1, 101)
    loader.check()
    bucket.server.faults.append(Fault("error", path=".*current.*", times=2))
    loader.check()
    assert "cannot be reached" in read_status(loader._files).failure
    assert served(loader) == 1
    loader.check()
    loader.check()
    assert read_status(loader._files).failure == ""


def test_a_pointer_to_something_else_is_reported(loader: Loader, bucket: Bucket, tmp_path: Path) -> None:
    put(bucket, tmp_path, 1, 101)
    loader.check()
    bucket.put("snapshots/current", b"../../etc/passwd")
    loader.check()
    assert read_status(loader._files).failure
    bucket.put("snapshots/current", b"vsf-9.duckdb")
    loader.check()
    assert read_status(loader._files).failure
    assert served(loader) == 1
