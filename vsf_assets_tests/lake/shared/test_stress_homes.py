"""Whole homes with one shared lake: four runs, two builders, maintenance, while they are killed, stopped and cut off.

Here: what must be so afterwards: nothing lost, nothing doubled, each kept snapshot reads whole and holds the marts of
its own rows, and no file is left that nothing needs. Not here: the same on a lake of one table (test_stress.py), whose
parameters hold here too.
"""

import random
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from vsf_assets.retention.maintain import maintain
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.lake.shared.attackers import has_passed_the_fence
from vsf_assets_tests.lake.shared.homes import reading
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.lake.shared.small_lake import SmallLake
from vsf_assets_tests.lake.shared.stress_homes import HomeJob
from vsf_assets_tests.lake.shared.test_stress import TAKEOVER, Crowd, parameter, say
from vsf_assets_tests.raw_tables import put_raw_tables
from vsf_assets_tests.warehouses import Home, clicks

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
    job = HomeJob("maintain", 0, str(tmp_path), catalog, TAKEOVER)
    home = job.home
    home.warehouse.prepare(lambda _: None)
    put_raw_tables(home.settings)
    count = parameter("FILES", 40)
    names = [f"clicks_{number % 4 + 1}_{number}.csv" for number in range(count)]
    for number, name in enumerate(names):
        home.land(name, clicks(3 * number, 3 * number + 1, 3 * number + 2), number)

    def about_commit() -> str:
        with suppress(psycopg.OperationalError):  # its session was the one that was cut off
            lake = SmallLake(catalog, Path(home.settings.lake))
            return LOSE_ANSWER if chance.random() < share and has_passed_the_fence(lake) else PASS
        return PASS

    proxy = CommitProxy(catalog, about_commit)
    with proxy.running() as through:
        kinds = [*["write"] * 4, *["build"] * 2, "maintain"]
        crowd = Crowd(
            [HomeJob(kind, place, job.root, through, TAKEOVER) for place, kind in enumerate(kinds, 1)], chance, catalog
        )
        try:
            crowd.disturb(parameter("KILLS", 15), parameter("STOPS", 15), parameter("CUTS", 15))
            crowd.finish(job.end)
        finally:
            crowd.end()
    said = Counter(job.problems.read_text().splitlines())
    say(f"{dict(crowd.done)}, {proxy.lost} answers lost, {max(published_snapshots(home.settings))} snapshots, {said}")
    assert crowd.errors == []
    assert [line for line in said if "cannot be read" in line] == []
    assert home.click_ids() == list(range(3 * count))
    assert sorted(name for (name,) in home.files("file_name")) == sorted(names)
    check_kept(home)
    assert maintain(home.settings, lambda _: None).problems == []
    check_kept(home)
    check_files(home)


def check_kept(home: Home) -> None:
    """Read each kept snapshot whole: its mart holds what its own rows give."""
    kept = published_snapshots(home.settings)
    assert len(kept) >= 2, "too few builds; raise LAKE_STRESS_FILES"
    for snapshot in kept.values():
        with closing(connect_snapshot(snapshot)) as connection:
            wanted = connection.execute(
                "select file_id, (select count(*) from raw.clicks where _file_id = file_id) from raw.files order by 1"
            ).fetchall()
            assert {n for _, n in wanted} <= {3}
            assert connection.execute("from marts.counts order by 1").fetchall() == wanted
            tables = "select schema_name || '.' || table_name from duckdb_tables()"
            for (table,) in connection.execute(f"{tables} where database_name = current_database()").fetchall():
                connection.execute(f"select count(columns(*)) from {table}").fetchall()


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
