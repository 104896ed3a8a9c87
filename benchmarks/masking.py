"""The masked copy of a snapshot beside publishing it, by processor time: each value goes through rules into a new file.

Here: both in turns on a snapshot of one large event file, the size of the copy, and the peak memory of a process that
makes one. `python -m benchmarks.masking SNAPSHOT TARGET` makes a copy and prints its peak memory. Not here: when copies
are made (vsf_assets/masking/).
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.events import EVENTS
from benchmarks.ingest import ingest_file
from benchmarks.measure import Row, in_turns, timed
from benchmarks.memory import peak_megabytes
from benchmarks.scoring import build
from vsf_assets.masking.masked_copy import CopyLimits, make_masked
from vsf_assets.publish.publish import newest_number, publish
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse

KEY = bytes(range(32))
MEMORY, THREADS = "512MB", 2


def prepare(bench: Bench) -> None:
    """Make the event file."""
    bench.events().single(round(EVENTS * bench.scale))


def measure(bench: Bench) -> list[Row]:
    """Measure processor time, size and memory."""
    count = round(EVENTS * bench.scale)
    with bench.warehouse() as warehouse:
        bench.log("masked copy: a snapshot of events")
        ingest_file(warehouse, bench.events().single(count))
        dbt.ensure_manifest(warehouse.settings)
        build(warehouse)
        _publish(warehouse)
        snapshot, target = warehouse.file, warehouse.settings.home / "masked.duckdb"
        size = snapshot.stat().st_size / 1e6
        bench.log("masked copy: in turns with publish")
        copies, publishes = in_turns(bench.repeat, lambda: _copy(snapshot, target), lambda: _publish(warehouse))
        masked = target.stat().st_size / 1e6
        bench.log("masked copy: memory")
        command = [sys.executable, "-m", "benchmarks.masking", str(snapshot), str(target)]
        peaks = []
        for _ in range(bench.repeat):
            target.unlink()
            peaks.append(float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
    what = f"masked copy of a snapshot of {size:,.0f} MB with {count:,} events, processor time / publish"
    return [
        Row(what, copies, publishes),
        Row("… its size / the snapshot", [masked], [size], unit="MB"),
        Row(f"… peak memory, with VSF_MEMORY_LIMIT={MEMORY}", peaks, unit="MB"),
    ]


def _copy(snapshot: Path, target: Path) -> float:
    """Make a copy; return the seconds of processor time."""
    target.unlink(missing_ok=True)
    with timed() as clock:
        _make(snapshot, target)
    return clock.processor_seconds


def _make(snapshot: Path, target: Path) -> None:
    spill = target.with_suffix(".spill")
    spill.mkdir(exist_ok=True)
    make_masked(snapshot, target, KEY, CopyLimits(MEMORY, THREADS, spill))


def _publish(warehouse: Warehouse) -> float:
    """Publish; return the seconds of processor time."""
    with timed() as clock, warehouse.lock("benchmark"):
        publish(warehouse, newest_number(warehouse.settings) + 1)
    return clock.processor_seconds


if __name__ == "__main__":
    _make(Path(sys.argv[1]), Path(sys.argv[2]))
    print(peak_megabytes())
