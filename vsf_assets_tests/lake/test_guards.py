"""What keeps a lake safe: each guard has a check, which passes with it and fails when it is switched off.

Here: the guards of a lake on one machine. Not here: other properties of the form (test_local_lake.py, test_upkeep.py).
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.retention.maintain import maintain
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.warehouse.forms import lake_index, lake_upkeep, local_lake
from vsf_assets.warehouse.forms.local_lake import LocalLake
from vsf_assets_tests.forms import opened
from vsf_assets_tests.lake.power_loss import Disk
from vsf_assets_tests.warehouses import Home, clicks, publish_click

pytestmark = pytest.mark.lake


def new_home(root: Path, lake: Path | None = None) -> Home:
    """Return a home that has landed something, so that its lake, in its folder or elsewhere, is marked as its own."""
    home = Home(root, LAKE=str(lake or root / "lake"), LOCK_WAIT_SECONDS="0")
    (root / "warehouse").mkdir(parents=True)
    (root / "warehouse" / "home-id").write_text(f"the id of {root}")
    return home


def keep_up(home: Home, *hours: float) -> None:
    """Do the upkeep of a home at these times from now; a home that may not do it does not."""
    for later in hours:
        with contextlib.suppress(VsfError):
            maintain(home.settings, lambda _: None, datetime.now(UTC) + timedelta(hours=later), dry_run=False)


def rows(file: Path) -> dict[str, list[str]] | str:
    """Return all rows of all tables of a warehouse, or why they cannot be read."""
    tables = "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'warehouse'"
    try:
        with opened(file) as connection:
            names = [name for (name,) in connection.execute(tables).fetchall()]
            return {name: sorted(map(repr, connection.execute(f"from {name}").fetchall())) for name in names}
    except (duckdb.Error, OSError) as error:
        return str(error)


def clicks_in(file: Path) -> list[int] | str:
    """Return the clicks of a snapshot, or why they cannot be read."""
    try:
        with contextlib.closing(connect_snapshot(file)) as connection:
            return [n for (n,) in connection.execute("select click_id from raw.clicks order by 1").fetchall()]
    except (duckdb.Error, OSError, VsfError) as error:
        return str(error)


def check_losses_of_power(folder: Path) -> None:
    """Lose the power after each commit: what the catalog names is there, whole."""
    images = folder / "images"
    home = new_home(folder / "home")
    file, lake = home.warehouse.file, Path(home.settings.lake)
    replace, seen = Path.replace, 0
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)

        def replaced(self: Path, target: Path) -> Path:
            nonlocal seen
            found = replace(self, target)
            if target == file:
                seen += 1
                with patch.context() as without:
                    without.setattr(os, "fsync", lambda _: None)
                    assert rows(disk.image(file, lake, images / str(seen))) == rows(file)
            return found

        patch.setattr(Path, "replace", replaced)
        for number in (1, 2):
            home.land(f"clicks_{number}.csv", clicks(number), number)
            home.ingest()
        home.ingest(reload="all")
    assert seen > 2
    named = lake_index.files_since(file, LocalLake.of(home.settings).data)
    assert {path: disk.flushes[path] for path in named} == dict.fromkeys(named, 1)


def check_two_homes(folder: Path) -> None:
    """Let a second home use the lake of a first one: the first one's rows stay."""
    home = new_home(folder / "home")
    other = new_home(folder / "other", folder / "home" / "lake")
    for number in (1, 2):
        publish_click(home, number)
    with contextlib.suppress(VsfError):
        publish_click(other, 1)
    keep_up(other, 0, 2)
    before = rows(home.warehouse.file)
    assert isinstance(before, dict), before
    assert len(before["raw.clicks"]) == 2


def check_kept_snapshots(folder: Path) -> None:
    """Merge the files of the warehouse: each kept snapshot reads what it read."""
    home = new_home(folder / "home")
    for number in (1, 2, 3):
        publish_click(home, number)
    keep_up(home, 0, 2)
    found = {number: clicks_in(Path(str(file))) for number, file in published_snapshots(home.settings).items()}
    assert found == {1: [1], 2: [1, 2], 3: [1, 2, 3]}


def check_readers_of_what_goes(folder: Path) -> None:
    """Remove a snapshot that somebody reads: the reader may end."""
    home = new_home(folder / "home")
    for number in (1, 2):
        publish_click(home, number)
    keep_up(home, 0)  # merges: from now on the snapshots alone name the files that they read
    publish_click(home, 3)
    first, second = (Path(home.settings.snapshots) / f"vsf-{number}.duckdb" for number in (1, 2))
    with contextlib.closing(connect_snapshot(first)) as reader:
        first.unlink()
        second.unlink()
        keep_up(home, 0, 0.5)
        try:
            found: Any = reader.execute("select click_id from raw.clicks").fetchall()
        except duckdb.Error as error:
            found = str(error)
    assert found == [(1,)]


def check_killed_writers(folder: Path) -> None:
    """Kill a process after half of its work, which it has committed: the state from before is there."""
    home = new_home(folder / "home")
    publish_click(home, 1)
    before = rows(home.warehouse.file)
    assert isinstance(before, dict)
    child = os.fork()
    if child == 0:
        with home.warehouse.write("test") as connection:
            connection.execute("insert into raw.clicks by name select 2 as click_id")
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert rows(home.warehouse.file) == before


def without_flushing(which: Callable[[Path], bool]) -> Callable[[pytest.MonkeyPatch], None]:
    """Return what leaves out the flushing of some files or folders."""

    def switch_off(patch: pytest.MonkeyPatch) -> None:
        flush = local_lake._flush
        patch.setattr(local_lake, "_flush", lambda path: None if which(path) else flush(path))

    return switch_off


def without_a_copy(patch: pytest.MonkeyPatch) -> None:
    """Let a block write to the catalog itself."""

    @contextmanager
    def written(self: LocalLake, is_changed: bool = False) -> Iterator[tuple[Path, Path]]:
        data = self.data
        data.mkdir(parents=True, exist_ok=True)
        yield self.file, data

    patch.setattr(LocalLake, "_written", written)


@dataclass(frozen=True)
class Guard:
    """A guard: what switches it off, and the check that fails without it."""

    switch_off: Callable[[pytest.MonkeyPatch], None]
    check: Callable[[Path], None]


GUARDS = {
    "data files are flushed": Guard(without_flushing(lambda path: path.suffix == ".parquet"), check_losses_of_power),
    "their folders are flushed": Guard(without_flushing(lambda path: path.is_dir()), check_losses_of_power),
    "the catalog is flushed": Guard(without_flushing(lambda path: "lake.duckdb" in path.name), check_losses_of_power),
    "a lake belongs to one home": Guard(
        lambda patch: patch.setattr(local_lake, "claim_lake", lambda *_: True), check_two_homes
    ),
    "files that a kept snapshot names stay": Guard(
        lambda patch: patch.setattr(local_lake, "holds_own_rows", lambda _: True), check_kept_snapshots
    ),
    "files stay for an hour": Guard(lambda patch: patch.setattr(lake_upkeep, "GRACE", 0.0), check_readers_of_what_goes),
    "a block works on a copy": Guard(without_a_copy, check_killed_writers),
}


@pytest.mark.parametrize("name", GUARDS)
def test_with_its_guards_a_lake_is_safe(name: str, tmp_path: Path) -> None:
    GUARDS[name].check(tmp_path)


@pytest.mark.parametrize("name", GUARDS)
def test_without_one_of_them_the_same_check_fails(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    GUARDS[name].switch_off(monkeypatch)
    with pytest.raises(AssertionError):
        GUARDS[name].check(tmp_path)
