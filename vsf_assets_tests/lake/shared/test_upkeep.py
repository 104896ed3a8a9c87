"""Upkeep of a lake that several machines share: what is merged, forgotten and removed, and what stays.

Each guard has a check that passes with it and fails when it is switched off. Here: `maintain` on homes in a folder and
in a bucket. Not here: upkeep beside runs that are killed and stopped (test_stress.py).
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.publish.publish import publish
from vsf_assets.publish.s3_snapshots import SnapshotPrefix
from vsf_assets.retention.dagster_tables import Removed
from vsf_assets.retention.maintain import Maintenance, maintain
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot
from vsf_assets.warehouse.forms import shared_upkeep
from vsf_assets.warehouse.forms.published import KeptSnapshot, needed_by
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_files import GenerationFiles
from vsf_assets.warehouse.forms.shared_lake import SharedLake
from vsf_assets.warehouse.forms.shared_merge import MergeProcess
from vsf_assets.warehouse.forms.shared_merge_choice import MergeChoice
from vsf_assets.warehouse.forms.shared_upkeep import Upkeep
from vsf_assets.warehouse.shared.control import generation_schemas
from vsf_assets.warehouse.shared.locks import Token, dead_runs
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.lake.shared.homes import reading, shared_home
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.warehouses import Home, clicks

SHOWN = (AssertionError, ValueError, duckdb.Error, VsfError)
"""What a check raises whose guard is switched off: also what opens or counts something that is not there any more."""


@pytest.fixture
def lake(tmp_path: Path, catalog: str) -> Home:
    """A home with a prepared lake in a folder."""
    return prepared(shared_home(tmp_path / "home", catalog, str(tmp_path / "lakes" / "lake")))


@pytest.fixture
def lake_in_bucket(tmp_path: Path, catalog: str, bucket: Bucket) -> Home:
    """A home whose lake and snapshots are in a bucket."""
    place = bucket.address("lake")
    return prepared(shared_home(tmp_path / "home", catalog, place, SNAPSHOTS=bucket.address("snapshots")))


def prepared(home: Home) -> Home:
    let_this_process_remove()
    home.warehouse.prepare(lambda _: None)
    return home


@contextmanager
def control(home: Home) -> Iterator[Any]:
    with form_of(home).control() as connection:
        yield connection


def form_of(home: Home) -> SharedLake:
    form = home.warehouse.form
    assert isinstance(form, SharedLake)
    return form


def deliver(home: Home, *numbers: int) -> None:
    """Store a file for each number, with as many clicks of one more."""
    for number in numbers:
        home.land(f"clicks_{number}.csv", clicks(number), number)
        home.ingest()


def publish_now(home: Home, number: int) -> None:
    with home.warehouse.lock("test"):
        publish(home.warehouse.pinned(), number)


def upkeep(home: Home, dry_run: bool = False) -> Maintenance:
    return maintain(home.settings, lambda line: pytest.fail(line), dry_run=dry_run)


def files_of(home: Home, generation: int = 1) -> set[str]:
    """Return the data files of a generation, below it."""
    return set(GenerationFiles(f"{home.settings.lake}/g{generation}").sizes())


def of_clicks(home: Home) -> set[str]:
    return {path for path in files_of(home) if path.startswith("raw/clicks/")}


def versions(home: Home) -> list[int]:
    with control(home) as connection:
        return [n for (n,) in connection.execute("select snapshot_id from vsf_g1.ducklake_snapshot order by 1")]


def dead_runs_of(home: Home) -> list[str]:
    with control(home) as connection:
        return dead_runs(connection)


def has_merged_now(home: Home) -> bool:
    """Whether a transaction that has written a merge waits for its COMMIT."""
    with control(home) as connection:
        found = connection.execute(
            "select count(*) from pg_locks inner join pg_class on relation = pg_class.oid"
            " where relname = 'ducklake_files_scheduled_for_deletion' and mode = 'RowExclusiveLock'"
        ).fetchall()
    return bool(found != [(0,)])


def snapshot_of(home: Home, number: int) -> Path | str:
    found = published_snapshots(home.settings)[number]
    return found if isinstance(found, Path) else found.address


def pin_of(home: Home, number: int) -> int:
    found = needed_by(snapshot_of(home, number))
    assert found is not None
    assert found.pinned is not None
    return found.pinned


def remove_snapshot(home: Home, number: int) -> None:
    snapshot = snapshot_of(home, number)
    if isinstance(snapshot, Path):
        snapshot.unlink()
    else:
        SnapshotPrefix(home.settings.snapshots).remove(StoredSnapshot(snapshot))


def clicks_now(home: Home) -> list[int]:
    with reading(home) as connection:
        return [n for (n,) in connection.execute("select click_id from raw.clicks order by 1").fetchall()]


def published_clicks(home: Home) -> dict[int, list[int]]:
    """Return the clicks of each kept snapshot."""
    found = {}
    for number, snapshot in published_snapshots(home.settings).items():
        with closing(connect_snapshot(snapshot, home.settings.lake)) as connection:
            rows = connection.execute("select click_id from raw.clicks order by 1").fetchall()
            found[number] = [n for (n,) in rows]
    return found


def age(home: Home, hours: float) -> None:
    """Let DuckLake have scheduled its files so much earlier."""
    with control(home) as connection:
        connection.execute(
            "update vsf_g1.ducklake_files_scheduled_for_deletion set schedule_start = schedule_start"
            f" - interval '{hours} hours'"
        )


def check_merges(home: Home) -> None:
    """Merge small files: those before stay as long as a snapshot needs them, and then for an hour."""
    deliver(home, 1, 2, 3)
    publish_now(home, 1)
    first = of_clicks(home)
    assert upkeep(home).problems == []
    (merged,) = of_clicks(home) - first
    assert (len(first), first <= of_clicks(home)) == (3, True)
    age(home, 1000)
    upkeep(home)
    assert first <= of_clicks(home)
    assert published_clicks(home) == {1: [1, 2, 3]}
    deliver(home, 4)
    publish_now(home, 2)
    remove_snapshot(home, 1)
    age(home, -1000)
    upkeep(home)
    assert first <= of_clicks(home)
    age(home, 1.1)
    expected = sum(GenerationFiles(f"{home.settings.lake}/g1").sizes()[path] for path in first)
    tried = upkeep(home, dry_run=True)
    assert sum(part.size for part in tried.removed if part.kind == "data files") >= expected
    assert first <= of_clicks(home)
    upkeep(home)
    assert (first & of_clicks(home), merged in of_clicks(home)) == (set(), True)
    assert published_clicks(home) == {2: [1, 2, 3, 4]}
    assert clicks_now(home) == [1, 2, 3, 4]


def check_versions(home: Home) -> None:
    """Forget the versions below the smallest one that a kept snapshot was built of, and no other."""
    deliver(home, 1)
    publish_now(home, 1)
    deliver(home, 2)
    publish_now(home, 2)
    kept = versions(home)[versions(home).index(pin_of(home, 1)) :]
    upkeep(home)
    assert versions(home)[: len(kept)] == kept


def check_orphans(home: Home) -> None:
    """Remove what a run left that has ended, and nothing that a run is about to store."""
    deliver(home, 1)
    folder = Path(home.settings.lake) / "g1" / "raw" / "clicks"
    with form_of(home).lock_session("alive", pytest.fail) as session:
        staged = [folder / f"{session.run_id}-1.parquet", folder / f"tmp_{session.run_id}-2.parquet"]
        left = [folder / "ended-1.parquet", folder / "ducklake-0.parquet"]
        for path in (*staged, *left):
            path.write_bytes(b"rows")
        with control(home) as connection:
            connection.execute("insert into vsf.runs (run_id) values ('ended')")
        assert Removed("data files", 2, 8) in upkeep(home, dry_run=True).removed
        assert all(path.exists() for path in (*staged, *left))
        assert upkeep(home).problems == []
        assert ([path.exists() for path in staged], [path.exists() for path in left]) == ([True] * 2, [False] * 2)
        assert dead_runs_of(home) == []
    upkeep(home)
    assert [path.exists() for path in staged] == [False] * 2
    assert clicks_now(home) == [1]


def check_unreadable(home: Home) -> None:
    """Remove nothing while a kept snapshot cannot be read, and say which one."""
    deliver(home, 1)
    publish_now(home, 1)
    (Path(home.settings.snapshots) / "vsf-7-e1.duckdb").write_bytes(b"damaged")
    orphan = Path(home.settings.lake) / "g1" / "raw" / "clicks" / "ended-1.parquet"
    orphan.write_bytes(b"rows")
    (problem,) = upkeep(home).problems
    assert "vsf-7-e1.duckdb cannot be read" in problem
    assert orphan.exists()


def check_generations(home: Home) -> None:
    """Remove an earlier generation when no snapshot is of it any more."""
    deliver(home, 1, 2)
    publish_now(home, 1)
    with built_directly(checked=False):
        assert rebuild(home.warehouse, "test").problems == []
    upkeep(home)
    assert published_clicks(home)[1] == [1, 2]
    assert files_of(home, 1)
    remove_snapshot(home, 1)
    upkeep(home)
    assert (files_of(home, 1), bool(files_of(home, 2))) == (set(), True)
    assert clicks_now(home) == [1, 2]
    with control(home) as connection:
        assert generation_schemas(connection) == {2: "vsf_g2"}


def check_lost_answers(home: Home) -> None:
    """Lose the answer to the COMMIT of a merge: what the catalog names is there."""
    deliver(home, 1, 2)
    proxy = CommitProxy(home.settings.lake_database, lambda: LOSE_ANSWER if has_merged_now(home) else PASS)
    with proxy.running() as through:
        other = shared_home(home.root, through, home.settings.lake)
        (problem,) = upkeep(other).problems
    assert "could not be merged" in problem
    assert proxy.lost == 1
    assert clicks_now(home) == [1, 2]


def check_locks(home: Home) -> None:
    """Take the commit lock from maintenance during a merge: nothing is merged, and the error says why."""
    deliver(home, 1, 2)
    merge = MergeProcess.merge

    def taken_before(self: MergeProcess, schema: str, table: str, folder: str, shown: str, choice: MergeChoice) -> int:
        with control(home) as connection:
            connection.execute("update vsf.locks set epoch = epoch + 1, word = 'ab' where name = 'commit'")
        return merge(self, schema, table, folder, shown, choice)

    before = of_clicks(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MergeProcess, "merge", taken_before)
        (problem,) = upkeep(home).problems
    assert "the commit lock was taken by another process" in problem
    upkeep(home)
    assert len(of_clicks(home) - before) == 1


@dataclass(frozen=True)
class UpkeepGuard:
    """A guard: what switches it off, and the check that fails without it."""

    switch_off: Callable[[pytest.MonkeyPatch], None]
    check: Callable[[Home], None]


def replaced(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(owner, name, value)


def every_version(self: Upkeep) -> list[int]:
    found = self.query(f"select snapshot_id from {self.schema}.ducklake_snapshot order by 1")
    return [version for (version,) in found][:-1]


def nothing_if_unreadable(file: Path | str) -> KeptSnapshot | None:
    try:
        return needed_by(file)
    except VsfError:
        return None


def without_pinned_place(file: Path | str) -> KeptSnapshot | None:
    found = needed_by(file)
    return found and replace(found, generation="g2", pinned=found.pinned)


GUARDS = {
    "files stay for an hour": UpkeepGuard(replaced(shared_upkeep, "_GRACE_US", -(10**15)), check_merges),
    "kept snapshots are asked": UpkeepGuard(replaced(Upkeep, "_is_kept", lambda *_: False), check_merges),
    "pinned versions are kept": UpkeepGuard(replaced(Upkeep, "_versions_to_forget", every_version), check_versions),
    "files of living runs stay": UpkeepGuard(replaced(shared_upkeep, "living_runs", lambda _: set()), check_orphans),
    "unreadable snapshots stop": UpkeepGuard(
        replaced(shared_upkeep, "needed_by", nothing_if_unreadable), check_unreadable
    ),
    "generations of snapshots stay": UpkeepGuard(
        replaced(shared_upkeep, "needed_by", without_pinned_place), check_generations
    ),
    "a merge shows the commit lock": UpkeepGuard(
        replaced(Token, "text", lambda self, _=None: f"b{self.locks[0].epoch}:{self.locks[0].word}"), check_locks
    ),
}


@pytest.mark.lake
@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_holds(name: str, lake: Home) -> None:
    GUARDS[name].check(lake)


@pytest.mark.lake
@pytest.mark.parametrize("name", GUARDS)
def test_it_fails_without_the_guard(name: str, lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    GUARDS[name].switch_off(monkeypatch)
    with pytest.raises(SHOWN):
        GUARDS[name].check(lake)


@pytest.mark.lake
def test_a_lost_answer_to_a_merge_takes_no_file(lake: Home) -> None:
    check_lost_answers(lake)


@pytest.mark.lake
def test_files_in_a_bucket_go_when_no_snapshot_there_needs_them(lake_in_bucket: Home) -> None:
    check_merges(lake_in_bucket)


def test_what_ended_runs_left_goes(lake: Home) -> None:
    check_orphans(lake)
