"""Ingest of a file against a bare DuckDB `create table as select … from read_csv`.

Here: our side, and its peak memory. Not here: the other side (bare_import.py) and the floor (import_floor.py); the move
to the archive, a rename on the same disk, which is in no side. All write a fresh file and close it, with a checkpoint.
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.bare_import import bare_import
from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.import_floor import floor, tables_alone
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.feeds import recognize
from vsf_assets.ingest.read_file import read_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.input_and_result import InputFile
from vsf_assets.warehouse.ledger import FileRow, store_results
from vsf_assets.warehouse.writer import Writer

TARGETS = {"impressions": 1.5, "clicks": 2.1, "conversions": 2.1}
MEMORY_TARGET = 1024
LARGER = 4
MORE_ROWS = 10
"""Factor of the file that shows what rows cost, where what each file costs hardly counts."""


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
            ((row, _),) = store_results(Writer(connection), [delivery], "benchmark", datetime.now(UTC), "benchmark")
    return row


def prepare(bench: Bench) -> None:
    """Make the files of both jobs."""
    bench.small_files(0)
    for feed in FEEDS[:2]:
        bench.files().larger(feed, LARGER)
    bench.files().larger(FEEDS[-1], MORE_ROWS)


def measure(bench: Bench) -> list[Row]:
    """Measure the ingest of each file."""
    warm, files = bench.small_files(0), bench.files()
    rows = []
    for feed in FEEDS:
        bench.log(f"ingest of {files.path(feed).name}")
        _ours(bench, warm.path(feed)), _bare(bench, feed, warm.path(feed)), floor(bench, feed, warm.path(feed))
        path = files.path(feed)
        into_empty = partial(_ours, bench, path, has_tables=False)
        sides = partial(_ours, bench, path), partial(_bare, bench, feed, path), partial(floor, bench, feed, path)
        ours, bare, least, first = in_turns(bench.repeat, *sides, into_empty)
        what = f"ingest of {_rows(path)} {feed} / bare DuckDB `read_csv`"
        rows.append(Row(what, ours, bare, TARGETS[feed]))
        rows.append(Row("… as a home's first file, which makes all raw tables", first, bare))
        rows += floor_rows(ours, bare, least)
    return [*rows, *_fixed_and_by_row(bench, FEEDS[-1], warm.path(FEEDS[-1]), files.larger(FEEDS[-1], MORE_ROWS))]


def _fixed_and_by_row(bench: Bench, feed: str, small: Path, large: Path) -> list[Row]:
    """Measure a file with hardly any rows, and one with many: what each file costs, and what each row costs."""
    bench.log(f"ingest of a small and of a large file of {feed}")
    bare_small, bare_large = partial(_bare, bench, feed, small), partial(_bare, bench, feed, large)
    into_empty = partial(_ours, bench, small, has_tables=False)
    first, later, tables, bare = in_turns(
        bench.repeat, into_empty, partial(_ours, bench, small), partial(tables_alone, bench), bare_small
    )
    many, bare_many = in_turns(bench.repeat, partial(_ours, bench, large), bare_large)
    return [
        Row(f"… what a home's first file costs: {_rows(small)} {feed} / bare DuckDB", first, bare),
        Row("… the tables of a new home with their comments, made by plain SQL / bare DuckDB", tables, bare),
        Row(f"… what each later file costs: {_rows(small)} {feed} / bare DuckDB", later, bare),
        Row(f"… what rows cost: the file {MORE_ROWS} times over, {_rows(large)} {feed} / bare DuckDB", many, bare_many),
    ]


def floor_rows(ours: list[float], bare: list[float], least: list[float]) -> list[Row]:
    """Return the floor of a target, and how far ours is above it."""
    return [
        Row("… its floor: with rules, SHA-256 and line ends / bare DuckDB", least, bare),
        Row("… ours / the floor", ours, least),
    ]


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


def _ours(bench: Bench, path: Path, has_tables: bool = True) -> float:
    """Ingest a file into a home whose warehouse has its tables, or into an empty one; return the seconds."""
    with bench.warehouse() as warehouse:
        if has_tables:
            with warehouse.write("benchmark"):
                pass
        with timed() as clock:
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
