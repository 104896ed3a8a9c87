"""A child process that fills small disks: each step of the platform on a file system of a megabyte or two.

Run as root in a mount namespace of its own: `unshare -m python -m vsf_assets_tests.engine.full_disk_steps FOLDER`. It
prints JSON: step -> the line of the error. FOLDER holds a home with a built warehouse. Here: the steps. Not here:
what must come out (test_full_disk.py).
"""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vsf_assets.landing.land_file import land_file
from vsf_assets.pipeline.build import build_and_publish
from vsf_assets.pipeline.run_log import run_log
from vsf_assets.reports.output_files import atomic_file
from vsf_assets.retention.dagster_tables import shrink
from vsf_assets.storage.full_disk import FullDiskError
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.writers import write_file
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets_tests.synthetic.making import column, schema
from vsf_assets_tests.warehouses import Home, clicks

MEGABYTE = 1_000_000
LESS_THAN_A_BLOCK = 100_000
"""DuckDB writes blocks of 256 KB."""
MANY = clicks(*(random.Random(1).sample(range(1 << 58), 200_000)))
"""About 8 MB of text and 5 MB of rows, which cannot be made smaller: the file of the warehouse has to grow."""


@contextmanager
def small_disk(place: Path, size: int = MEGABYTE, keep: bool = False) -> Iterator[None]:
    """Put a file system with so much room in the place of a folder; with `keep`, beside what is in it."""
    place.mkdir(parents=True, exist_ok=True)
    held = sum(path.stat().st_size for path in place.rglob("*")) if keep else 0
    beside = place.with_name(place.name + ".beside")
    if keep:
        shutil.copytree(place, beside, symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={held + size}", "tmpfs", place], check=True)
    try:
        if keep:
            shutil.copytree(beside, place, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", place], check=True)
        shutil.rmtree(beside, ignore_errors=True)


def line_of(step: Callable[[], object]) -> str:
    try:
        step()
    except FullDiskError as error:
        return str(error)
    return "no error"


def spill(home: Home) -> None:
    with home.warehouse.connect() as connection:
        connection.execute("set memory_limit = '50MB'")
        connection.execute("set threads = 1")
        connection.execute("select i, repeat(md5(i::varchar), 4) as k from range(800000) t(i) order by k").fetchmany(3)


def main(root: Path) -> dict[str, str]:
    home, found = Home(root / "home"), dict[str, str]()
    dbt.LEFT_OUT = ("unit_test", "test")  # rows like these pass them elsewhere
    big = root / "clicks_1.csv"
    big.write_bytes(MANY)
    with small_disk(home.landing):
        found["landing"] = line_of(lambda: land_file(home.landing, big, "clicks/clicks_1.csv"))
        found["left in landing"] = str(home.landed())
    home.land("clicks_1.csv", MANY)
    with small_disk(home.settings.scratch):
        found["scratch"] = line_of(home.ingest)
    with small_disk(home.settings.scratch):
        found["spill"] = line_of(lambda: spill(home))
    with small_disk(home.warehouse.file.parent, LESS_THAN_A_BLOCK, keep=True):
        found["transaction"] = line_of(home.ingest)
    with small_disk(home.archive):
        found["archive"] = line_of(home.ingest)
        found["stored"] = str(home.query("select count(*) from raw.clicks"))
        found["left in landing, not archived"] = str(home.landed())
    home.ingest()
    found["stored then"] = str(home.query("select count(*) from raw.clicks"))
    found["left in landing then"] = str(home.landed())
    with small_disk(home.warehouse.file.parent, LESS_THAN_A_BLOCK, keep=True):
        found["build"] = line_of(lambda: build_and_publish(home.warehouse, "test", only_if_pending=True))
    with small_disk(Path(home.settings.snapshots)):
        found["snapshot"] = line_of(lambda: build_and_publish(home.warehouse, "test", only_if_pending=True))
        found["left in snapshots"] = str([path.name for path in Path(home.settings.snapshots).iterdir()])
    snapshot = build_and_publish(home.warehouse, "test", only_if_pending=True).snapshot
    found["published"] = snapshot.name if snapshot else "nothing"
    found |= others(home, root)
    return found


def others(home: Home, root: Path) -> dict[str, str]:
    """Do what has no warehouse."""
    found = dict[str, str]()
    frames = Frames(schema(column("Text")), 100_000, 1)
    with small_disk(root / "out"):
        found["made up"] = line_of(lambda: write_file(frames, root / "out" / "x.csv", "csv"))
        found["made up as Parquet"] = line_of(lambda: write_file(frames, root / "out" / "x.parquet", "parquet"))
        found["left in out"] = str(list((root / "out").iterdir()))

        def report() -> None:
            with atomic_file(root / "out" / "report.csv") as file:
                file.write("x" * 3 * MEGABYTE)

        found["report"] = line_of(report)
    with small_disk(home.settings.logs):

        def log() -> None:
            with run_log(home.settings, "1", lambda _: None) as log:
                for _ in range(2000):
                    log("x" * 1000)

        found["log"] = line_of(log)
    records = home.settings.dagster_home
    records.mkdir(parents=True)
    with closing(sqlite3.connect(records / "runs.db")) as connection:
        for table in ("gone", "kept"):
            connection.execute(f"create table {table} as select randomblob({2 * MEGABYTE}) as body")
        connection.execute("drop table gone")
    with small_disk(records, LESS_THAN_A_BLOCK, keep=True):
        found["removing records"] = line_of(lambda: shrink(records))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
