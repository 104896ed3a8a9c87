"""Publish against its floor, a plain copy of the same file flushed to disk.

Here: the copy, the check and the pointer of one snapshot, small and large, on the disk of the home and on disks with
reflinks. Before each turn of a large file, the files of the turn before are removed and the disk comes to rest: who
writes next would else wait for what the other one left. Not here: the build before it.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.disks import new_disk, rest
from benchmarks.ingest import ingest_file
from benchmarks.measure import Row, in_turns, timed
from benchmarks.scoring import build
from vsf_assets.publish.publish import newest_number, publish
from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse

LARGE_ROWS = 56_000_000
"""Rows of two UUIDs and two numbers: 2.3 GB, as a year of 20,000 events a day."""

LEAST_REPEATS = 5
"""Of a large file, each."""

REFLINK_SECONDS = 1
COPY_TARGET = 1.43
"""The time of a copy at 0.7 times the rate of `cp`."""

DISKS = {"XFS": ("mkfs.xfs", "-q", "-m", "reflink=1"), "Btrfs": ("mkfs.btrfs", "-q")}


def prepare(bench: Bench) -> None:
    """Make the files."""
    bench.files()


def measure(bench: Bench) -> list[Row]:
    """Measure the publication of the warehouse that the ordinary files make, and of a large one."""
    bench.log("publish")
    with bench.warehouse() as made:
        warehouse = _one_snapshot(made)
        for feed in FEEDS:
            ingest_file(warehouse, bench.files().path(feed))
        dbt.ensure_manifest(warehouse.settings)
        build(warehouse)
        _publish(warehouse)
        megabytes = _megabytes(warehouse)
        copy = warehouse.file.with_suffix(".copy")
        ours, floor = in_turns(bench.repeat, lambda: _publish(warehouse), lambda: _copy(warehouse.file, copy))
        copy.unlink(missing_ok=True)
        rows = [Row(f"publish of a warehouse of {megabytes:,.0f} MB / plain copy of the file, flushed", ours, floor)]
        bench.log("publish: a large warehouse")
        _enlarge(warehouse, round(LARGE_ROWS * bench.scale))
        return [*rows, _large_copied(bench, warehouse), *_large_shared(bench, warehouse)]


def _one_snapshot(made: Warehouse) -> Warehouse:
    return replace(made, settings=replace(made.settings, keep_snapshots=1, keep_snapshot_hours=0.0))


def _every_snapshot(made: Warehouse) -> Warehouse:
    """Return the warehouse with settings by which publish removes nothing: `cp` does not either."""
    return replace(made, settings=replace(made.settings, keep_snapshots=1000, keep_snapshot_bytes=1 << 60))


def _megabytes(warehouse: Warehouse) -> float:
    return warehouse.file.stat().st_size / 1e6


def _enlarge(warehouse: Warehouse, rows: int) -> None:
    """Store random rows, which cannot be compressed, in a table that no model reads."""
    with warehouse.lock("benchmark"), warehouse.connect() as connection:
        connection.execute("create schema bench")
        values = "range as number, gen_random_uuid() as first, gen_random_uuid() as second, random() as share"
        connection.execute(f"create table bench.large as select {values} from range({rows})")


def _large_copied(bench: Bench, warehouse: Warehouse) -> Row:
    """Measure on the disk of the home, beside `cp` without reflinks and a flush."""
    ours, floor = _large_in_turns(bench, warehouse)
    what = f"publish of a warehouse of {_megabytes(warehouse):,.0f} MB, on the disk of the home / cp, flushed"
    return Row(what, ours, floor, COPY_TARGET)


def _large_in_turns(bench: Bench, made: Warehouse) -> list[list[float]]:
    """Measure publish and `cp` of a large file, each after the disk came to rest, in alternating order."""
    warehouse, copy = _every_snapshot(made), made.file.with_suffix(".copy")

    def after_a_rest(side: Callable[[], float]) -> float:
        copy.unlink(missing_ok=True)
        current = current_snapshot(warehouse.settings)
        for snapshot in Path(warehouse.settings.snapshots).glob("vsf-*.duckdb"):
            if current is None or snapshot.name != current.name:
                snapshot.unlink()
        rest()
        return side()

    publishing = partial(after_a_rest, partial(_publish, warehouse))
    copying = partial(after_a_rest, partial(_cp, warehouse.file, copy))
    figures = in_turns(max(LEAST_REPEATS, bench.repeat), publishing, copying, is_alternating=True)
    copy.unlink(missing_ok=True)
    return figures


def _large_shared(bench: Bench, warehouse: Warehouse) -> Iterator[Row]:
    """Measure on disks with reflinks in files of this disk, where root may mount them."""
    for name, make in DISKS.items():
        if os.geteuid() != 0 or shutil.which(make[0]) is None:
            bench.log(f"publish: no row for {name}; it needs root and {make[0]}")
            continue
        with new_disk(warehouse.settings.home / name, make, 4 * warehouse.file.stat().st_size + (1 << 30)) as disk:
            shutil.copytree(warehouse.settings.home / "warehouse", disk / "home" / "warehouse")
            shutil.copytree(warehouse.settings.home / "dbt", disk / "home" / "dbt")
            with bench.home(VSF_HOME=str(disk / "home")) as settings:
                there = _one_snapshot(Warehouse.of(settings))
                _publish(there)
                ours, floor = _large_in_turns(bench, there)
        what = f"publish of a warehouse of {_megabytes(warehouse):,.0f} MB, on {name} in a file"
        yield Row(what, ours, at_most=REFLINK_SECONDS)
        yield Row("… the same / cp without reflinks, flushed", ours, floor)


def _cp(source: Path, target: Path) -> float:
    target.unlink(missing_ok=True)
    with timed() as clock:
        subprocess.run(["cp", "--reflink=never", source, target], check=True)
        with target.open("rb") as file:
            os.fsync(file.fileno())
    return clock.seconds


def _publish(warehouse: Warehouse) -> float:
    with timed() as clock, warehouse.lock("benchmark"):
        publish(warehouse, newest_number(warehouse.settings) + 1)
    return clock.seconds


def _copy(source: Path, target: Path) -> float:
    target.unlink(missing_ok=True)
    with timed() as clock:
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
    return clock.seconds
