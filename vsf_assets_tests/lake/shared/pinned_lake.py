"""A small lake with its catalog in PostgreSQL, some tables of raw, marts and reports, and what builds publish of it.

Here: making one, random writes to it, and publishing a version by hand. Not here: assertions, and whole homes.
"""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY, load_statement
from vsf_assets.storage.httpfs import EXTENSION as HTTPFS
from vsf_assets.storage.httpfs import credential_statements
from vsf_assets.warehouse.forms.shared_published import LakeSource, write_pinned

SCHEMA = "vsf_g1"
TABLES = ("raw.files", "raw.findings", "raw.builds", "raw.published_files", "marts.days", "reports.files")
OF_RUNS = ("raw.files", "raw.findings")
"""Tables that runs write while a build goes on."""
OF_BUILDS = tuple(table for table in TABLES if table not in OF_RUNS)


@dataclass
class PinnedLake:
    """A lake of a test.

    Attributes:
        catalog: connection string of an empty database.
        data: place of the data files of its one generation.
        rows: number of rows that were written so far.
    """

    catalog: str
    data: str
    connection: duckdb.DuckDBPyConnection = field(init=False)
    rows: int = 0

    def __post_init__(self) -> None:
        self.connection = connect(config={**OWN_SQL_ONLY, "threads": 1})
        for extension in ("ducklake", "postgres_scanner"):
            self.connection.execute(load_statement(extension))
        if self.data.startswith("s3://"):
            self.connection.execute(load_statement(HTTPFS))
            for statement in credential_statements(self.data):
                self.connection.execute(statement)
        with self.control() as control:
            control.execute("create schema vsf; create table vsf.locks (name text, epoch bigint, word text)")
            control.execute("insert into vsf.locks values ('build', 3, 'w'), ('commit', 9, 'v')")
        self.connection.execute(
            f"attach 'ducklake:postgres:{self.catalog}' as warehouse"
            f" (metadata_schema '{SCHEMA}', data_path '{self.data}/')"
        )
        self.connection.execute("call warehouse.set_option('data_inlining_row_limit', '0')")
        self.connection.execute("use warehouse")
        for schema in ("raw", "marts", "reports"):
            self.connection.execute(f"create schema {schema}")
        for table in TABLES:
            self.connection.execute(f"create table {table} (i bigint, mtn varchar, d double)")
            self.connection.execute(f"comment on table {table} is 'About {table}.'")
            self.connection.execute(f"comment on column {table}.i is 'Number in {table}.'")

    @contextmanager
    def control(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """Open a plain connection to the catalog's database."""
        with psycopg.connect(self.catalog, autocommit=True) as connection:
            yield connection

    @property
    def version(self) -> int:
        """The newest version."""
        ((found,),) = self.connection.execute("select max(snapshot_id) from ducklake_snapshots('warehouse')").fetchall()
        return int(found)

    def add(self, table: str, rows: int = 3) -> None:
        """Insert rows, a third of them without a text."""
        text = "case when range % 3 > 0 then 's' || range end"
        sql = f"insert into {table} select range + {self.rows}, {text}, range / 7 from range({rows})"
        self.connection.execute(sql)
        self.rows += rows

    def delete(self, table: str, modulus: int) -> None:
        """Delete every n-th row."""
        self.connection.execute(f"delete from {table} where i % {modulus} = 1")

    def write(self, chance: random.Random, table: str) -> None:
        """Insert or delete rows by chance; a table of builds may be replaced, too."""
        what = chance.random()
        if what < 0.5:
            self.add(table, chance.choice((1, 3, 20)))
        elif what < 0.8 or table in OF_RUNS:
            self.delete(table, chance.choice((2, 3, 5)))
        else:
            sql = f"select range::bigint as i, 'r' as mtn, 0.5::double as d from range({self.rows % 7})"
            self.connection.execute(f"create or replace table {table} as {sql}")

    def merge(self) -> None:
        """Merge small data files and write those with deleted rows anew, as maintenance does."""
        for table in TABLES:
            schema, name = table.split(".")
            place = f"'warehouse', '{name}', schema => '{schema}'"
            self.connection.execute(f"call ducklake_rewrite_data_files({place}, delete_threshold => 0.1)").fetchall()
            self.connection.execute(f"call ducklake_merge_adjacent_files({place})").fetchall()

    def publish(self, pin: int, target: Path, relative: str | None = None) -> Path:
        """Write the published file of a pinned version."""
        attach = (
            load_statement("postgres_scanner"),
            f"attach '{self.catalog}' as shared_lake (type postgres, read_only)",
        )
        write_pinned(LakeSource(attach, SCHEMA, 3, "w"), pin, target, self.data, relative)
        return target


@contextmanager
def pinned_lake(catalog: str, data: str) -> Iterator[PinnedLake]:
    """Make a lake, and close it at the end of the block."""
    lake = PinnedLake(catalog, data)
    with closing(lake.connection):
        yield lake


def content(connection: duckdb.DuckDBPyConnection, table: str, version: int | None = None) -> list[tuple[Any, ...]]:
    """Return count, statistics and all rows of a table, each by a query of its own."""
    source = table if version is None else f"{table} at (version => {version})"
    statistics = "count(i), count(mtn), min(i), max(i), min(mtn), max(mtn), min(d), max(d)"
    queries = ("select count(*) from {}", f"select {statistics} from {{}}", "from {} order by all")
    return [row for query in queries for row in connection.execute(query.format(source)).fetchall()]
