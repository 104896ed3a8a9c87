"""DuckDB's own import of a file: `create table as select … from read_csv` with the contract's types.

Here: the reference of the ingest rows. Not here: what a bare import leaves out (import_floor.py).
"""

from pathlib import Path

import duckdb

from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import columns
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited


def bare_import(target: Path, feed: str, path: Path, threads: int) -> int:
    """Import a file as DuckDB does by itself; return the number of rows."""
    source, values = read_csv_of(feed, path)
    connection = duckdb.connect(str(target), config={"threads": threads})
    try:
        connection.execute("set enable_progress_bar = false")  # it would fill the output
        made = connection.execute(f"create table {feed} as select * from {source}", values).fetchall()
    finally:
        connection.close()
    return int(made[0][0])


def read_csv_of(feed: str, path: Path) -> tuple[str, list[str]]:
    """Return DuckDB's call that reads a file of a feed with the contract's types, and its values."""
    types, reading = column_types(feed), all_feeds()[feed].reading
    if not isinstance(reading, Delimited):
        raise TypeError(f"{feed} has no delimiter")
    call = f"read_csv(?, columns = {types}, header = true, auto_detect = false, delim = ?, quote = ?, escape = ?)"
    return call, [str(path), reading.delimiter, reading.quote, reading.escape or reading.quote]


def column_types(feed: str) -> dict[str, str]:
    """Return DuckDB's types of a feed's own columns, from its contract."""
    return {c.name: c.type for c in columns(get_table(f"raw.{feed}")) if not c.name.startswith("_")}
