"""Four writers deliver during a rebuild that takes long, beside maintenance every second, with both forms of a lake.

Here: nothing is lost or doubled, no commit has an old epoch, each kept snapshot reads all the while, and at the end it
equals what its own files give when they are computed anew. Not here: the processes (rebuild_processes.py), and what a
rebuild does with a delivery of each kind that comes meanwhile (shared/test_builds.py).

Sizes are parameters: LAKE_REBUILD_FILES, LAKE_REBUILD_COUNT (rebuilds, one after another) and LAKE_REBUILD_SECONDS (for
which each one waits at least).
"""

import os
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.rebuild_processes import PATIENCE, WRITERS, RebuildJob
from vsf_assets_tests.lake.recomputation import check_recomputation, click_ids, deliveries
from vsf_assets_tests.lake.shared.commit_records import check_epochs, record_commits
from vsf_assets_tests.prebuilt import compiled_models, place
from vsf_assets_tests.warehouses import Home

pytestmark = pytest.mark.lake

FORMS = [
    "local",
    pytest.param(
        "shared",
        marks=pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version"),
    ),
]


def parameter(name: str, default: float) -> float:
    return float(os.environ.get(f"LAKE_REBUILD_{name}", default))


@pytest.mark.parametrize("form", FORMS)
def test_deliveries_during_a_slowed_rebuild_are_stored_once(
    form: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    let_this_process_remove()
    database = request.getfixturevalue("catalog") if form == "shared" else ""
    # What is made beside the lake after a process began to write to it, that process could not remove.
    for folder in ("marks", "landing", "archive", "snapshots", "home", *(f"home-{n}" for n in range(WRITERS + 3))):
        (tmp_path / folder).mkdir()
    for full in (False, True):
        compiled_models(full)  # made here, and not by each process
    count, rebuilds = int(parameter("FILES", 24)), int(parameter("COUNT", 1))
    job = RebuildJob("", WRITERS + 2, str(tmp_path), database, str(place()), count, rebuilds, parameter("SECONDS", 0))
    home = job.home
    home.warehouse.prepare(lambda _: None)
    if database:
        record_commits(database)
    kinds = [*["write"] * WRITERS, "rebuild", "maintain"]
    processes = {job: job.start() for job in (replace(job, kind=kind, number=n) for n, kind in enumerate(kinds))}
    reads = 0
    try:
        reads = read_until_done(home, [process for job, process in processes.items() if job.kind != "maintain"])
        job.mark("end").touch()
        for one, process in processes.items():
            _, errors = process.communicate(PATIENCE)
            assert process.returncode == 0, f"{one.kind}: {errors}"
    finally:
        for process in processes.values():
            process.kill()
    landed = deliveries(count)
    assert home.click_ids() == click_ids(count)
    assert sorted(name for (name,) in home.files("file_name")) == sorted(landed)
    build_pending(home.warehouse, checked=False)
    kept = published_snapshots(home.settings)
    assert len(kept) >= 2
    (tmp_path / "kept").mkdir()
    files = [check_recomputation(one, landed, tmp_path / "kept" / str(number)) for number, one in kept.items()]
    assert files == sorted(files)
    assert files[-1] == count
    upkeep = job.mark("upkeep").read_text().splitlines()
    assert [line for line in upkeep if "cannot be read" in line] == []
    said = dict(Counter(line.partition(" by ")[0] for line in upkeep))
    sys.stdout.write(f"{rebuilds} rebuilds, snapshots {[*kept]} of {files} files, {reads} reads, upkeep: {said}\n")
    if database:
        assert check_epochs(database) > 0


def read_until_done(home: Home, processes: list[ForkedProcess]) -> int:
    """Read every kept snapshot whole, again and again, until processes end; return how many were read."""
    deadline, read = time.monotonic() + PATIENCE, 0
    while any(process.poll() is None for process in processes):
        assert time.monotonic() < deadline, "they do not end"
        for process in processes:
            assert process.poll() in (None, 0), process.communicate()[1]
        for snapshot in published_snapshots(home.settings).values():
            assert isinstance(snapshot, Path)
            try:
                read_whole(snapshot)
            except Exception:
                if snapshot.exists():
                    raise
                continue  # it is kept no more
            read += 1
        time.sleep(0.2)
    return read


def read_whole(snapshot: Path) -> None:
    with closing(connect_snapshot(snapshot)) as connection:
        tables = "select table_schema || '.' || table_name from information_schema.tables"
        for (table,) in connection.execute(f"{tables} where table_catalog = current_database()").fetchall():
            connection.execute(f"select count(columns(*)) from {table}").fetchall()
