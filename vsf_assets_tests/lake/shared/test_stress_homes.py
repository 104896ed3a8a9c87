"""Whole homes with one shared lake: four runs, two builders, maintenance, while they are killed, stopped and cut off.

Here: what must be so afterwards: nothing lost, nothing doubled, no commit of an old epoch, each kept snapshot reads
whole and equals what its own files give when they are computed anew, and no file is left that nothing needs. Not here:
the same on a lake of one table (test_stress.py), whose parameters hold here too, with LAKE_STRESS_KEPT, the number of
snapshots that are kept.
"""

import random
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from vsf_assets.retention.maintain import maintain
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.lake.kept_tables import differences, keep_tables
from vsf_assets_tests.lake.recomputation import (
    BY_PLACE,
    PUBLISHED,
    Landed,
    check_recomputation,
    click_ids,
    deliveries,
)
from vsf_assets_tests.lake.shared.attackers import has_passed_the_fence
from vsf_assets_tests.lake.shared.commit_records import check_epochs, record_commits
from vsf_assets_tests.lake.shared.homes import reading
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.lake.shared.small_lake import SmallLake
from vsf_assets_tests.lake.shared.stress_homes import HomeJob
from vsf_assets_tests.lake.shared.test_stress import TAKEOVER, Crowd, parameter, say
from vsf_assets_tests.prebuilt import compiled_models, place
from vsf_assets_tests.warehouses import Home

pytestmark = [
    pytest.mark.lake,
    pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version"),
]


def test_homes_lose_and_double_nothing(catalog: str, tmp_path: Path) -> None:
    seed = parameter("SEED", random.SystemRandom().randrange(10**6))
    say(f"LAKE_STRESS_SEED={seed}")
    chance, share = random.Random(seed), parameter("LOST", 3) / 100
    let_this_process_remove()
    # What is made beside the lake after a process began to write to it, that process could not remove.
    for folder in ("landing", "archive", "snapshots", *(f"home-{number}" for number in range(8))):
        (tmp_path / folder).mkdir()
    for full in (False, True):
        compiled_models(full)  # made here, and not by each process
    kept, count = parameter("KEPT", 3), parameter("FILES", 40)
    job = HomeJob("maintain", 0, str(tmp_path), catalog, TAKEOVER, str(place()), kept)
    home = job.home
    home.warehouse.prepare(lambda _: None)
    record_commits(catalog)
    build_pending(home.warehouse, checked=False)  # all of it; further builds are of what is new
    landed = deliveries(count)
    for name, (content, minute) in landed.items():
        home.land(name, content, minute)

    def about_commit() -> str:
        with suppress(psycopg.OperationalError):  # its session was the one that was cut off
            lake = SmallLake(catalog, Path(home.settings.lake))
            return LOSE_ANSWER if chance.random() < share and has_passed_the_fence(lake) else PASS
        return PASS

    proxy = CommitProxy(catalog, about_commit)
    with proxy.running() as through:
        kinds = [*["write"] * 4, *["build"] * 2, "maintain"]
        crowd = Crowd(
            [replace(job, kind=kind, number=number, database=through) for number, kind in enumerate(kinds, 1)],
            chance,
            catalog,
        )
        try:
            # Slower than on a lake of one table, so that builds end between the disturbances.
            crowd.disturb(parameter("KILLS", 15), parameter("STOPS", 15), parameter("CUTS", 15), 4)
            crowd.finish(job.end)
        finally:
            crowd.end()
    said = Counter(job.problems.read_text().splitlines())
    say(f"{dict(crowd.done)}, {proxy.lost} answers lost, {max(published_snapshots(home.settings))} snapshots, {said}")
    assert crowd.errors == []
    assert [line for line in said if "cannot be read" in line] == []
    assert home.click_ids() == click_ids(count)
    assert sorted(name for (name,) in home.files("file_name")) == sorted(landed)
    assert build_pending(home.warehouse, checked=False) is None
    check_kept(home, landed, tmp_path / "kept")
    assert maintain(home.settings, lambda _: None).problems == []
    check_unchanged(home, tmp_path / "kept")
    say(f"{check_epochs(catalog)} commits, none of an old epoch")
    check_files(home)


def check_kept(home: Home, landed: Landed, folder: Path) -> None:
    """Read each kept snapshot whole, and compute its tables anew from the files of its own ledger."""
    kept = published_snapshots(home.settings)
    assert len(kept) >= 2, "too few builds; raise LAKE_STRESS_FILES"
    folder.mkdir()
    files = [check_recomputation(snapshot, landed, folder / str(number)) for number, snapshot in kept.items()]
    assert files == sorted(files)
    assert files[-1] == len(landed), "the newest one lacks files"
    say(f"snapshots {[*kept]} equal what was computed anew from {files} files")


def check_unchanged(home: Home, folder: Path) -> None:
    """Read each kept snapshot again."""
    for number, snapshot in published_snapshots(home.settings).items():
        with closing(connect_snapshot(snapshot)) as connection:
            keep_tables(connection, folder / str(number) / "again", BY_PLACE)
        assert list(differences(folder / str(number) / PUBLISHED, folder / str(number) / "again")) == []


def check_files(home: Home) -> None:
    """Compare the data files with those that catalog and kept snapshots name, or that are scheduled."""
    form = home.warehouse.form
    with form.control() as connection, reading(home) as lake:  # type: ignore[attr-defined]
        tables = lake.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'warehouse'"
        ).fetchall()
        for (table,) in tables:
            lake.execute(f"select count(columns(*)) from {table}").fetchall()
        named = connection.execute(
            "select regexp_replace(path, '.*/', '') from (select path from vsf_g1.ducklake_data_file"
            " union all select path from vsf_g1.ducklake_delete_file"
            " union all select path from vsf_g1.ducklake_files_scheduled_for_deletion) as known"
        ).fetchall()
    there = {path.name for path in (Path(home.settings.lake) / "g1").rglob("*.parquet")}
    assert there - {name for (name,) in named} == set()
