"""Upkeep of a lake: merged files hold the same rows, and no file goes that a catalog names, or did an hour before.

Here: `maintain` on small homes, with a clock of its own. Not here: removing old snapshots (engine/test_snapshots.py).
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.retention.maintain import Maintenance, maintain
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.warehouse.forms import lake_index
from vsf_assets.warehouse.forms.local_lake import LocalLake
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets_tests.warehouses import Home, clicks, publish_click

NOW = datetime.now(UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Home:
    """A home with a lake and four snapshots; its warehouse has a file per click."""
    home = Home(tmp_path / "home", LAKE=str(tmp_path / "lake"), LOCK_WAIT_SECONDS="0")
    (home.root / "warehouse").mkdir(parents=True)
    (home.root / "warehouse" / "home-id").write_text("a home that has landed something")
    for number in range(1, 5):
        publish_click(home, number)
    return home


def upkeep(home: Home, hours: float = 0, dry_run: bool = False) -> Maintenance:
    return maintain(home.settings, lambda line: pytest.fail(line), NOW + timedelta(hours=hours), dry_run)


def data_files(home: Home) -> set[Path]:
    return set(Path(home.settings.lake).rglob("*.parquet"))


def named(home: Home, file: Path) -> set[Path]:
    data = LocalLake.of(home.settings).data
    return set(lake_index.files_since(file, data))


def clicks_in(snapshot: Path) -> list[int]:
    with connect_snapshot(snapshot) as connection:
        return [n for (n,) in connection.execute("select click_id from raw.clicks order by 1").fetchall()]


def rows_of(home: Home) -> list[tuple[int]]:
    with home.warehouse.read("test") as connection:
        assert connection is not None
        return connection.execute("select click_id from raw.clicks order by 1").fetchall()


def of_clicks(files: set[Path]) -> list[Path]:
    return sorted(path for path in files if path.parent.name == "clicks")


def test_small_files_are_merged_and_every_snapshot_reads_on(lake: Home) -> None:
    before = data_files(lake)
    assert len(of_clicks(named(lake, lake.warehouse.file))) == 4
    with lake.warehouse.write("test") as connection:
        connection.execute("delete from raw.clicks where click_id = 2")
    assert upkeep(lake).problems == []
    assert len(of_clicks(named(lake, lake.warehouse.file))) == 1
    assert rows_of(lake) == [(1,), (3,), (4,)]
    assert before <= data_files(lake)
    upkeep(lake, hours=2)
    for number, snapshot in published_snapshots(lake.settings).items():
        assert isinstance(snapshot, Path)
        assert clicks_in(snapshot) == list(range(1, number + 1))
    publish_click(lake, 5)
    assert rows_of(lake) == [(1,), (3,), (4,), (5,)]


def test_a_lake_without_a_row_is_there_after_the_upkeep(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", LAKE=str(tmp_path / "lake"))
    (home.root / "warehouse").mkdir(parents=True)
    (home.root / "warehouse" / "home-id").write_text("a home that has landed something")
    with home.warehouse.write("test"):
        pass
    assert data_files(home) == set()
    assert upkeep(home).problems == []
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    assert rows_of(home) == [(1,)]


@pytest.mark.lake
def test_a_file_goes_an_hour_after_nothing_names_it(lake: Home) -> None:
    upkeep(lake)
    publish_click(lake, 5)
    snapshots = Path(lake.settings.snapshots)
    for number in range(1, 5):
        (snapshots / f"vsf-{number}.duckdb").unlink()
    unnamed = data_files(lake) - named(lake, lake.warehouse.file)
    assert len(of_clicks(unnamed)) == 4
    assert upkeep(lake).problems == []
    assert upkeep(lake, hours=0.9).problems == []
    assert unnamed <= data_files(lake)
    sizes = sum(path.stat().st_size for path in unnamed)
    planned = upkeep(lake, hours=1.1, dry_run=True)
    assert unnamed <= data_files(lake)
    done = upkeep(lake, hours=1.1)
    for report in (planned, done):
        (removed,) = [part for part in report.removed if part.kind == "data files"]
        assert (removed.count, removed.size) == (len(unnamed), sizes)
    assert not unnamed & data_files(lake)
    assert clicks_in(snapshots / "vsf-5.duckdb") == [1, 2, 3, 4, 5]
    assert rows_of(lake) == [(1,), (2,), (3,), (4,), (5,)]


@pytest.mark.lake
def test_files_of_a_killed_run_and_old_generations_go_with_their_folders(lake: Home) -> None:
    left = Path(lake.settings.lake) / "g7" / "raw" / "clicks" / "ducklake-left.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left by a process that was killed")
    upkeep(lake)
    assert left.exists()
    upkeep(lake, hours=1.1)
    assert not (Path(lake.settings.lake) / "g7").exists()


@pytest.mark.lake
def test_with_a_snapshot_that_cannot_be_read_nothing_is_removed(lake: Home) -> None:
    upkeep(lake)
    snapshots = Path(lake.settings.snapshots)
    broken = snapshots / "vsf-1.duckdb"
    broken.chmod(0o644)
    content = bytearray(broken.read_bytes())
    broken.write_bytes(bytes(len(content)))
    before = data_files(lake)
    for hours in (0, 1.1, 2.2):
        (problem,) = upkeep(lake, hours).problems
        assert problem.startswith("data files: ")
    assert before == data_files(lake)


def test_while_a_run_writes_nothing_is_touched(lake: Home) -> None:
    state = (lake.warehouse.form.state_on_disk(), data_files(lake))
    child = os.fork()
    if child == 0:
        with hold_lock(lake.warehouse.lock_file, "a run", 0):
            (lake.root / "held").touch()
            while not (lake.root / "over").exists():
                time.sleep(0.01)
        os._exit(0)
    while not (lake.root / "held").exists():
        time.sleep(0.01)
    (problem,) = upkeep(lake).problems
    (lake.root / "over").touch()
    os.waitpid(child, 0)
    assert "a run" in problem
    assert state == (lake.warehouse.form.state_on_disk(), data_files(lake))


def test_a_home_without_a_lake_needs_no_upkeep(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", LAKE="")
    publish_click(home, 1)
    with home.warehouse.lock("test"):  # upkeep would wait for it
        assert upkeep(home).problems == []
