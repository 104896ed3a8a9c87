"""Publish against its floor, a plain copy of the same file flushed to disk.

Here: the copy, the check and the pointer of one snapshot. Not here: the build before it. Where the
file system can share blocks (reflink), publish is faster than the copy.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.ingest import ingest_file
from benchmarks.measure import Row, in_turns, timed
from benchmarks.scoring import build
from vsf_assets.publish.publish import newest_number, publish
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse


def measure(bench: Bench) -> list[Row]:
    """Measure the publication of the warehouse that the ordinary files make."""
    bench.log("publish")
    with bench.warehouse() as made:
        warehouse = replace(made, settings=replace(made.settings, keep_snapshots=1, keep_snapshot_hours=0.0))
        for feed in FEEDS:
            ingest_file(warehouse, bench.files().path(feed))
        dbt.ensure_manifest(warehouse.settings)
        build(warehouse)
        _publish(warehouse)
        megabytes = warehouse.file.stat().st_size / (1 << 20)
        copy = warehouse.file.with_suffix(".copy")
        ours, floor = in_turns(bench.repeat, lambda: _publish(warehouse), lambda: _copy(warehouse.file, copy))
    return [Row(f"publish of a warehouse of {megabytes:,.0f} MB / plain copy of the file, flushed", ours, floor)]


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
