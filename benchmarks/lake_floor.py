"""The least that rows of a large file cost a lake and one file: bare DuckDB that inserts them.

Here: the rows of one event file, as Parquet like those that reading leaves, into a new lake and into a new file, and
their flush to the disk. Not here: the platform's own way (lake.py).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.disks import rest
from benchmarks.measure import timed
from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import load_statement, sql_text
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.lake_index import EXTENSION, set_options

TABLE = "raw.events"


class BareRows:
    """Rows that bare DuckDB inserts again and again.

    Args:
        parquet: the rows.
        threads: as many as the platform has.
        memory: limit of DuckDB's memory, as the platform has it.
    """

    def __init__(self, parquet: Path, threads: int, memory: str):
        self._parquet = parquet
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory,
            "preserve_insertion_order": False,
        }

    def insert(self, has_lake: bool) -> float:
        """Insert the rows into a new lake or a new file; return the seconds until they are on the disk."""
        folder = Path(tempfile.mkdtemp(prefix="bare-", dir=self._parquet.parent))
        rows = f"from read_parquet('{sql_text(self._parquet)}')"
        try:
            with closing(connect(config=self._config)) as connection:
                connection.execute(load_statement(EXTENSION))
                place = f"ducklake:{folder}/lake.duckdb' as bare (data_path '{folder}/data/'" if has_lake else ""
                connection.execute(f"attach '{place})" if has_lake else f"attach '{folder}/one.duckdb' as bare")
                if has_lake:
                    set_options(connection, "bare")
                connection.execute(f"create table bare.rows as {rows} limit 0")
                rest()
                with timed() as clock:
                    connection.execute(f"insert into bare.rows {rows}")
                    connection.execute("detach bare")
                    _flush_all(folder)
        finally:
            shutil.rmtree(folder)
        return clock.seconds


@contextmanager
def bare_rows(warehouse: Warehouse) -> Iterator[BareRows]:
    """Yield the event rows of a warehouse; the Parquet file is removed afterwards."""
    target = warehouse.settings.home / "rows.parquet"
    with warehouse.read("benchmark") as connection:
        if connection is None:
            raise RuntimeError("there is no warehouse to take the rows from")
        connection.execute(f"copy {TABLE} to '{sql_text(target)}' (format parquet)")
    try:
        yield BareRows(target, warehouse.settings.threads, warehouse.settings.memory_limit)
    finally:
        target.unlink()


def _flush_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
