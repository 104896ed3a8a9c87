"""A DuckLake with one table and a ledger, with its catalog in PostgreSQL and its files in a folder.

Here: making one, attaching it, and a writer that stores deliveries as workers do. Not here: assertions, and the
warehouse's own form (warehouse/forms/), which stands on the same guards.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psycopg
from psycopg.conninfo import make_conninfo

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY, load_statement, sql_text
from vsf_assets.warehouse.shared.control import create_control, schema_of, start_generation, swap_generation
from vsf_assets.warehouse.shared.fence import FenceGuards, install_fence, sign
from vsf_assets.warehouse.shared.locks import LockGuards, LockSession, Token

ROWS = 3
"""Rows of each delivery."""


def attached(catalog: str, folder: Path, generation: int = 1, options: str = "") -> duckdb.DuckDBPyConnection:
    """Open DuckDB with the lake attached, with options of PostgreSQL's sessions; the caller closes it."""
    address = make_conninfo(catalog, options=options)
    connection = connect(config={**OWN_SQL_ONLY, "threads": 1, "memory_limit": "200MB"})
    try:
        for extension in ("ducklake", "postgres_scanner"):
            connection.execute(load_statement(extension))
        connection.execute("set ducklake_default_data_inlining_row_limit = 0")
        connection.execute(
            f"attach 'ducklake:postgres:{sql_text(address)}' as lake (metadata_schema '{schema_of(generation)}',"
            f" data_path '{folder}/g{generation}/')"
        )
    except BaseException:
        connection.close()
        raise
    return connection


@dataclass(frozen=True)
class SmallLake:
    """A lake of a test.

    Attributes:
        catalog: connection string.
        folder: of the data files.
        takeover: seconds of silence after which a lock is taken over.
        fence, locks: guards that are switched on.
    """

    catalog: str
    folder: Path
    takeover: float = 60.0
    fence: FenceGuards = field(default_factory=FenceGuards)
    locks: LockGuards = field(default_factory=LockGuards)

    def session(self, run_id: str, wait: float = 120.0) -> LockSession:
        """Open a session of a run."""
        return LockSession(self.catalog, run_id, takeover_seconds=self.takeover, wait_seconds=wait, guards=self.locks)

    @contextmanager
    def control(self) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
        """Open a plain connection to the catalog's database."""
        with psycopg.connect(self.catalog, autocommit=True) as connection:
            yield connection

    def attach(self, generation: int = 1, options: str = "") -> duckdb.DuckDBPyConnection:
        """Open DuckDB with the lake attached; the caller closes it."""
        return attached(self.catalog, self.folder, generation, options)

    def prepare(self) -> int:
        """Make the control schema if needed, and a generation with its tables and the fence that takes over."""
        with self.control() as control:
            create_control(control)
        with self.session("prepare") as session, session.hold("build", "prepare"), session.hold("commit", "") as token:
            with session.connection() as control:
                number = start_generation(control, token.locks)
            (self.folder / f"g{number}").mkdir(parents=True)
            with closing(self.attach(number)) as connection, session.connection() as control:
                install_fence(control, schema_of(number), self.fence)
                with signed(connection, token, "tables"):
                    connection.execute("create table lake.ledger (file varchar)")
                    connection.execute("create table lake.rows (file varchar, line integer)")
            with session.connection() as control:
                swap_generation(control, token.locks, number)
        return number

    def store(self, session: LockSession, connection: duckdb.DuckDBPyConnection, file: str) -> bool:
        """Store a delivery under the commit lock unless the ledger has it; return whether it was stored now."""
        with session.hold("commit", f"store {file}") as token:
            return deliver(connection, token, file)

    def content(self, generation: int = 1) -> dict[str, int]:
        """Read the whole lake: file -> number of its rows, and that of its entries in the ledger times 1000."""
        with closing(self.attach(generation)) as connection:
            return dict(
                connection.execute(
                    "select file, sum(n)::integer from (select file, 1 as n from lake.rows"
                    " union all select file, 1000 from lake.ledger) group by all order by all"
                ).fetchall()
            )


STORED_ONCE = 1000 + ROWS
"""What `SmallLake.content` says of a file that is stored once."""


@contextmanager
def signed(connection: duckdb.DuckDBPyConnection, token: Token, message: str) -> Iterator[None]:
    """Run a block in one transaction of DuckDB that shows its locks."""
    connection.execute("begin")
    try:
        sign(connection, "lake", token, message)
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise


def deliver(
    connection: duckdb.DuckDBPyConnection,
    token: Token,
    file: str,
    before_commit: Callable[[], object] = lambda: None,
) -> bool:
    """Store a delivery in one transaction unless the ledger has it; return whether it was stored."""
    with signed(connection, token, file):
        if connection.execute("select 1 from lake.ledger where file = ?", [file]).fetchall():
            return False
        connection.execute(f"insert into lake.rows select ?, range from range({ROWS})", [file])
        connection.execute("insert into lake.ledger values (?)", [file])
        before_commit()
    return True
