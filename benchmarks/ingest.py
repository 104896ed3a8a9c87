"""Ingest of a file against a bare DuckDB `create table as select … from read_csv`.

Here: both sides, and the peak memory of ours. Not here: the move to the archive, a rename on the
same disk, which is in neither side. Both write a fresh file and close it, checkpoint included.
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import columns
from vsf_assets.feeds import all_feeds, recognize
from vsf_assets.feeds.reading import Delimited
from vsf_assets.ingest.read_file import read_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.input_and_result import InputFile
from vsf_assets.warehouse.ledger import FileRow, store_results
from vsf_assets.warehouse.prepared_inserts import Inserts

TARGET = 2.5
MEMORY_TARGET = 1024
LARGER = 4


def ingest_file(warehouse: Warehouse, path: Path) -> FileRow:
    """Do what the engine does with a landed file: read it once, store it in one transaction."""
    store, recognized = open_store(str(path.parent)), recognize(path.name)
    entry = store.stat(path.name)
    if recognized is None or entry is None:
        raise FileNotFoundError(path)
    job = InputFile(store, entry, *recognized, entry.name, entry.modified)
    with tempfile.TemporaryDirectory(dir=warehouse.settings.home) as scratch:
        delivery = read_one_file(job, Path(scratch))
        with warehouse.write("benchmark") as connection:
            ((row, _),) = store_results(Inserts(connection), [delivery], "benchmark", datetime.now(UTC), "benchmark")
    return row


def bare_import(target: Path, feed: str, path: Path, threads: int) -> int:
    """Import a file as DuckDB does by itself; return the number of rows."""
    types, reading = column_types(feed), all_feeds()[feed].reading
    if not isinstance(reading, Delimited):
        raise TypeError(f"{feed} has no delimiter")
    dialect = (reading.delimiter, reading.quote, reading.escape or reading.quote)
    connection = duckdb.connect(str(target), config={"threads": threads})
    try:
        made = connection.execute(
            f"create table {feed} as select * from read_csv(?, columns = {types}, header = true, auto_detect = false,"
            " delim = ?, quote = ?, escape = ?)",
            [str(path), *dialect],
        ).fetchall()
    finally:
        connection.close()
    return int(made[0][0])


def column_types(feed: str) -> dict[str, str]:
    """Return DuckDB's types of a feed's own columns, from its contract."""
    return {c.name: c.type for c in columns(get_table(f"raw.{feed}")) if not c.name.startswith("_")}


def measure(bench: Bench) -> list[Row]:
    """Measure the ingest of each file."""
    warm, files = bench.small_files(0), bench.files()
    rows = []
    for feed in FEEDS:
        bench.log(f"ingest of {files.path(feed).name}")
        _ours(bench, warm.path(feed)), _bare(bench, feed, warm.path(feed))
        path = files.path(feed)
        ours, bare = in_turns(bench.repeat, partial(_ours, bench, path), partial(_bare, bench, feed, path))
        what = f"ingest of {_rows(path)} {feed} / bare DuckDB `read_csv`"
        rows.append(Row(what, ours, bare, TARGET))
    return rows


def measure_memory(bench: Bench) -> list[Row]:
    """Measure the peak memory of a process that ingests one file and does nothing else."""
    files, rows, peaks = bench.files(), [], {}
    for feed in FEEDS:
        bench.log(f"memory of the ingest of {files.path(feed).name}")
        peaks[feed] = [peak(bench, files.path(feed)) for _ in range(bench.repeat)]
        rows.append(Row(f"peak memory, ingest of {feed}", peaks[feed], None, MEMORY_TARGET, unit="MB"))
    for feed in FEEDS[:2]:
        bench.log(f"memory of the ingest of {feed}, {LARGER} times the file")
        grown = [peak(bench, files.larger(feed, LARGER)) for _ in range(bench.repeat)]
        rows.append(Row(f"peak memory, {feed}, file {LARGER} times as large", grown, None, MEMORY_TARGET, unit="MB"))
        rows.append(Row(f"… its growth / the file as it is ({feed})", grown, peaks[feed], unit="MB"))
    return rows


def _rows(path: Path) -> str:
    with path.open("rb") as file:
        newlines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return f"{newlines - 1:,}"


def _ours(bench: Bench, path: Path) -> float:
    with bench.warehouse() as warehouse, timed() as clock:
        ingest_file(warehouse, path)
    return clock.seconds


def _bare(bench: Bench, feed: str, path: Path) -> float:
    with bench.home() as settings, timed() as clock:
        bare_import(settings.home / "bare.duckdb", feed, path, settings.threads)
    return clock.seconds


def peak(bench: Bench, path: Path) -> float:
    """Return the peak memory of a process that ingests a file, in MB."""
    with bench.home() as settings:
        command = [sys.executable, "-m", "benchmarks.memory", str(settings.home), str(path)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
