"""The anomalies of a dataset: reading and rules, against a script of csv and pandas that finds the same.

Here: both sides, the proof that they agree, and our peak memory. Ours is the reading of the three files and the sum of
the times that dbt reports for the models that settle them; dbt's start, its tests and publishing are left out. Storing
the rows, which the script does not do, is in a row of its own, on top of that. Not here: the files (dataset_files.py)
and the script (pandas_datasets.py).
"""

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.dataset_files import dataset_folder
from benchmarks.ingest import MEMORY_TARGET
from benchmarks.measure import Row, in_turns, timed
from benchmarks.pandas_datasets import Reported, find_anomalies
from benchmarks.scoring import build
from vsf_assets.feeds import all_feeds
from vsf_assets.ingest.read_file import read_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.input_and_result import InputFile
from vsf_assets.warehouse.ledger import store_results
from vsf_assets.warehouse.writer import Writer

ROWS = 1_000_000
LARGE_ROWS = 2_000_000
WARM_ROWS = 1000
TARGET = 0.25
"""At least four times as fast."""

MODELS = (
    "int_datasets__upload_names",
    "int_ledger__files",
    "int_ledger__deliveries",
    "int_datasets__uploads",
    "int_datasets__repeated_rows",
    "int_datasets__findings",
    "findings__dataset_uploads",
    "dataset_anomalies",
)
"""The report of a dataset, and every model it needs."""


def store_upload(warehouse: Warehouse, folder: Path) -> float:
    """Do what the engine does with an upload: read the three files, store them in one transaction.

    Returns:
        The seconds of storing.
    """
    feed, store, now = all_feeds()["datasets"], open_store(str(folder)), datetime.now(UTC)
    entries = [entry for entry in map(store.stat, dict(feed.members)) if entry is not None]
    with tempfile.TemporaryDirectory(dir=warehouse.settings.home) as scratch:
        unit = [
            read_one_file(InputFile(store, entry, feed, "bench", entry.name, now), Path(scratch) / entry.name)
            for entry in entries
        ]
        start = time.perf_counter()  # `timed` would collect garbage, within the time of reading
        with warehouse.write("benchmark") as connection:
            store_results(Writer(connection), unit, "benchmark", now, "benchmark")
        return time.perf_counter() - start


def ours(bench: Bench, folder: Path, reported: set[Reported], whole: list[float]) -> float:
    """Find the anomalies; return the seconds of reading and rules, and add those with storing to `whole`."""
    with bench.warehouse() as warehouse:
        with warehouse.write("benchmark"):
            pass  # the empty tables of every feed are made once, not by an upload
        with timed() as clock:
            storing = store_upload(warehouse, folder)
        outcome = build(warehouse)
        with warehouse.connect(read_only=True) as connection:
            found = connection.execute("select file_name, line_number, anomaly from reports.dataset_anomalies")
            reported.update(found.fetchall())
    rules = sum(outcome.timings[name] for name in MODELS if name in outcome.timings)
    whole.append(clock.seconds + rules)
    return clock.seconds - storing + rules


def _theirs(folder: Path, reported: set[Reported]) -> float:
    with timed() as clock:
        reported.update(find_anomalies(folder))
    return clock.seconds


def prepare(bench: Bench) -> None:
    """Make the datasets."""
    for rows in (WARM_ROWS, _rows(bench, ROWS), _rows(bench, LARGE_ROWS)):
        dataset_folder(bench.root, rows)


def measure(bench: Bench) -> list[Row]:
    """Measure the anomalies of one dataset, and the memory.

    Raises:
        RuntimeError: the sides do not tell the same; the figures would mean nothing.
    """
    rows, large_rows = _rows(bench, ROWS), _rows(bench, LARGE_ROWS)
    bench.log(f"anomalies of a dataset of {rows:,} columns")
    warm = dataset_folder(bench.root, WARM_ROWS)
    in_turns(1, partial(ours, bench, warm, set(), []), partial(_theirs, warm, set()))
    folder, mine, other, whole = dataset_folder(bench.root, rows), set[Reported](), set[Reported](), list[float]()
    mean, script = in_turns(bench.repeat, partial(ours, bench, folder, mine, whole), partial(_theirs, folder, other))
    if mine != other:
        symmetric_difference = sorted(mine ^ other)[:5]
        raise RuntimeError(f"the sides differ in {len(mine ^ other):,} findings, e.g. {symmetric_difference}")
    larger = dataset_folder(bench.root, large_rows)
    peaks, grown = in_turns(bench.repeat, partial(_peak, bench, folder), partial(_peak, bench, larger))
    what = f"anomalies of a dataset of {rows:,} columns"
    return [
        Row(f"{what} ({len(mine):,} found) / csv and pandas", mean, script, TARGET),
        Row("… with storing the rows in the warehouse / the same script, which keeps nothing", whole, script),
        Row(f"peak memory, {what}: reading, every model, its tests", peaks, None, MEMORY_TARGET, unit="MB"),
        Row(f"… the same of a dataset of {large_rows:,} columns", grown, None, MEMORY_TARGET, unit="MB"),
    ]


def _rows(bench: Bench, rows: int) -> int:
    return max(round(rows * bench.scale), 1000)


def _peak(bench: Bench, folder: Path) -> float:
    """Return the peak memory of a process that reads the dataset and builds every model, in MB."""
    with bench.home() as settings:
        command = [sys.executable, "-m", "benchmarks.datasets", str(settings.home), str(folder)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


if __name__ == "__main__":
    from benchmarks.memory import peak_megabytes
    from vsf_assets.config.settings import read_settings

    child = Warehouse.of(read_settings({"VSF_HOME": sys.argv[1]}))
    store_upload(child, Path(sys.argv[2]))
    build(child)
    print(peak_megabytes())
