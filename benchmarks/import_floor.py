"""The floor of an ingest: what even a bare import has to do besides, if it is to know what ours knows of a file.

Here: DuckDB's import with the contract's rules as a filter, and beside it the SHA-256 and the line ends; and the tables
of a new home alone, which the first file makes.
Not here: findings, archive, ledger, and a second try for irregular records, which a file without defects does not need.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.bare_import import column_types, read_csv_of
from benchmarks.bench import Bench
from benchmarks.measure import timed
from vsf_assets.contracts import all_tables, get_table
from vsf_assets.contracts.derived_schemas import create_sql
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.warehouse.comments import comment_statements

BLOCK = 16 << 20
RULES = {
    "events": (
        "(mdn is null or regexp_full_match(mdn, '[0-9]{10}'))",
        "(event_properties is null or json_type(event_properties) = 'OBJECT')",
        "(user_properties is null or json_type(user_properties) = 'OBJECT')",
    )
}
"""Rules of a feed besides types and required values, as SQL; an invalid JSON text stops the import."""


def floor(bench: Bench, feed: str, path: Path) -> float:
    """Import a file without defects and check it, digest it and find its lines at once; return the seconds.

    Raises:
        RuntimeError: a row breaks a rule, or the two sides count different lines; the figures would mean nothing.
    """
    with bench.home() as settings:
        file = settings.home / "floor.duckdb"
        with timed() as clock, ThreadPoolExecutor(1) as pool:
            lines = pool.submit(_digest_and_lines, path)
            rows = _checked_import(file, feed, path, settings.threads)
            found = lines.result()
    if rows != found - 1:
        raise RuntimeError(f"{path.name}: {rows:,} good rows, {found:,} lines with the header")
    return clock.seconds


def tables_alone(bench: Bench) -> float:
    """Make all raw tables with their comments in a new file, and close it; return the seconds."""
    tables = list(all_tables().values())
    statements = ["create schema raw", *map(create_sql, tables), *comment_statements(tables)]
    sql = "; ".join(["begin transaction", *statements, "commit"])
    with bench.home() as settings, timed() as clock:
        connection = duckdb.connect(str(settings.home / "tables.duckdb"), config={"threads": settings.threads})
        try:
            connection.execute(sql)
        finally:
            connection.close()
    return clock.seconds


def _checked_import(target: Path, feed: str, path: Path, threads: int) -> int:
    """Import the rows that keep the contract, with two more numbers each; return their number."""
    columns = get_table(f"raw.{feed}").schema.columns
    required = [f"{name} is not null" for name in column_types(feed) if not columns[name].nullable]
    rules = " and ".join([*required, *RULES.get(feed, ())]) or "true"
    source, values = read_csv_of(feed, path)
    with duckdb.connect(str(target), config={"threads": threads}) as connection:
        connection.execute("set enable_progress_bar = false")  # it would fill the output
        sql = f"create table {feed} as select 0::bigint as _file_id, 0::bigint as _line, * from {source} where {rules}"
        return int(connection.execute(sql, values).fetchall()[0][0])


def _digest_and_lines(path: Path) -> int:
    """Digest a file as it landed, and find the line ends of its content; return the number of lines."""
    lines = 0
    with path.open("rb") as raw:
        stream = FileStream(raw, path.name)
        while content := stream.read(BLOCK):
            lines += len(np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == 10))
        stream.finish()
    return lines
