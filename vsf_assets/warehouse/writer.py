"""Stores deliveries in the warehouse that is open.

Here: a transaction, and the rows of a delivery in it. Not here: which deliveries a ledger takes (ledger.py), and what
differs between the forms (forms/store_session.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from vsf_assets.warehouse.duckdb_private import FrameSlot, block_missing_optional_imports, expect_few_rows
from vsf_assets.warehouse.forms.store_session import StoreSession
from vsf_assets.warehouse.input_and_result import ReadResult
from vsf_assets.warehouse.prepared_inserts import Inserts

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

T = TypeVar("T")

WIDE = 32
"""Columns from which on DuckDB would insert parts in their order with one thread, by the default memory limit."""


class Writer:
    """Writes in a session of a form.

    Args:
        session: the session, or an open connection that nobody else writes to.
    """

    def __init__(self, session: "StoreSession | DuckDBPyConnection"):
        self._session = session if isinstance(session, StoreSession) else StoreSession(session)
        self._inserts = Inserts(self._session.connection)
        self._deleted_from: set[str] = set()
        self._staged_rows: dict[tuple[str, int], object] = {}

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The warehouse, opened for writing; another one after an error that the session recovers from."""
        return self._session.connection

    @property
    def inserts(self) -> Inserts:
        """The prepared inserts of the connection."""
        if self._inserts.connection is not self.connection:
            self._inserts = Inserts(self.connection)
        return self._inserts

    def expect_few_rows(self) -> None:
        """Prepare for deliveries of few rows; not where others use the same database."""
        if self._session.alone:
            expect_few_rows(self.connection)

    def stage(self, unit: Sequence[ReadResult]) -> None:
        """Do what can be done for the files of a delivery before its turn."""
        self._staged_rows.clear()
        for result in unit:
            for table, paths in result.parts.items():
                self._session.stage(table, id_of(table), result.file_id, paths)
            for table, frame in result.held.items():
                self._session.stage(table, id_of(table), result.file_id, FrameSlot(frame))

    def stage_row(self, table: str, file_id: int, row: object, frame: "Callable[[], pl.DataFrame]") -> None:
        """Do what can be done for a row of a file before its turn, after `stage`; the turn may bring another one.

        Args:
            table: the table.
            file_id: the id of the file.
            row: anything that equals that of `insert_row` if the row is the same.
            frame: makes the row.
        """
        if not self._session.alone:
            self._staged_rows[table, file_id] = row
            self._session.stage(table, id_of(table), file_id, FrameSlot(frame()))

    def insert_row(self, table: str, file_id: int, row: object, frame: "Callable[[], pl.DataFrame]") -> None:
        """Insert a row of a file, in a transaction; the arguments are those of `stage_row`."""
        if self._staged_rows.get((table, file_id)) != row or not self._session.insert_staged(table, file_id):
            self.insert_frame(table, frame())

    def in_turn(self, store: Callable[[], T]) -> T:
        """Call a function that compares files with the ledger and stores a delivery; return its result."""
        return self._session.in_turn(store)

    @contextmanager
    def transaction(self, commit: Callable[[], object] | None = None) -> Iterator[None]:
        """Store what the block does, or nothing of it.

        Args:
            commit: commits the transaction; by default the connection's own commit.
        """
        self._deleted_from.clear()
        self._session.begin()
        try:
            with block_missing_optional_imports():
                yield
                self._session.before_commit(self._deleted_from)
        except BaseException:
            self.connection.execute("rollback")
            self.connection.execute("set preserve_insertion_order = true")  # not possible before, in a failed one
            raise
        (commit or self.connection.commit)()

    def insert_frame(self, table: str, frame: "pl.DataFrame") -> None:
        """Insert a few rows, in a transaction."""
        if not self._session.insert_at_once(table, FrameSlot(frame)):
            self.inserts.add(table, frame)

    def delete_rows(self, table: str, file_id: int) -> None:
        """Delete the rows of a file, in a transaction."""
        self.connection.execute(f"delete from {table} where {id_of(table)} = ?", [file_id])  # noqa: S608
        self._deleted_from.add(table)

    def insert_rows(self, result: ReadResult) -> None:
        """Insert the rows of a file, in a transaction."""
        for table, paths in result.parts.items():
            if not self._session.insert_staged(table, result.file_id):
                sql = f"insert into {table} by name select ?::bigint as {id_of(table)}, * from read_parquet(?)"  # noqa: S608
                with by_all_threads(self.connection, table):
                    self.connection.execute(sql, [result.file_id, [str(path) for path in paths]])
        for table, frame in result.held.items():
            if not self._session.insert_staged(table, result.file_id):
                self.inserts.add(table, frame, **{id_of(table): result.file_id})


@contextmanager
def by_all_threads(connection: "DuckDBPyConnection", table: str) -> Iterator[None]:
    """Let DuckDB insert a wide table's parts with all threads, in any order; each row has the number of its line.

    To keep the order DuckDB sets 4 MB per column and thread aside, of a quarter of its memory limit. Beyond that it
    inserts with one thread, while the others wait (decision 0054).
    """
    from vsf_assets.contracts import get_table
    from vsf_assets.contracts.derived_schemas import columns

    names = [column.name for column in columns(get_table(table))]
    if len(names) < WIDE or "_line" not in names:
        yield
        return
    connection.execute("set preserve_insertion_order = false")
    yield
    connection.execute("set preserve_insertion_order = true")  # after an error `transaction` does


def id_of(table: str) -> str:
    """Return the column of a raw table that holds the id of the file."""
    return "file_id" if table in ("raw.findings", "raw.files") else "_file_id"
